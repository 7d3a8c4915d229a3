"""How do a model, prompts, a latent and a sampler make a new latent? The recipe that joins the model tower."""

from engine import lazy

__getattr__, __dir__, __all__ = lazy.facade(
    __name__,
    {
        "Denoised": "denoising",
        "Step": "denoising",
        "add_noise": "denoising",
        "denoise": "denoising",
        "denoise_along": "denoising",
        "denoise_guided": "denoising",
    },
)
