"""How is noise turned into a latent, one step after another? Mathematics only: no network, no node, no HTTP."""

from engine import lazy

__getattr__, __dir__, __all__ = lazy.facade(
    __name__,
    {
        "Area": "conditioning",
        "BasicGuider": "guidance",
        "CfgGuider": "guidance",
        "ConditionedModel": "denoiser",
        "Conditioning": "conditioning",
        "ConditioningItem": "conditioning",
        "ControlCall": "conditioning",
        "ControlResiduals": "conditioning",
        "ControlUse": "conditioning",
        "Denoiser": "denoiser",
        "EPSILON": "prediction",
        "Latent": "conditioning",
        "LatentScaling": "denoiser",
        "NetworkInputs": "conditioning",
        "NoiseLevels": "noise_levels",
        "NoiseSource": "denoiser",
        "Prediction": "prediction",
        "SAMPLERS": "catalog",
        "Sampler": "sampler_choice",
        "SamplerChoice": "sampler_choice",
        "SCHEDULES": "catalog",
        "VELOCITY": "prediction",
        "cut_sigmas": "schedules",
        "draw_noise": "noise",
        "make_noise_source": "noise",
        "make_schedule": "schedules",
        "plan_sigmas": "schedules",
    },
)
