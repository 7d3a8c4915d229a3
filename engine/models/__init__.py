"""How are checkpoints recognised, loaded and asked? Networks, text encoders and VAEs behind small values."""

from engine import lazy

__getattr__, __dir__, __all__ = lazy.facade(
    __name__,
    {
        "Checkpoint": "loading",
        "DeviceMemory": "memory.device_memory",
        "DiffusionModel": "diffusion_model",
        "LatentFormat": "latent",
        "Precision": "memory.precision",
        "TextEncoder": "text_encoder",
        "UpscaleModel": "upscalers.upscale_model",
        "Vae": "vae",
        "VisionEncoder": "vision.encoder",
        "VisionOutput": "vision.encoder",
        "WeightPatch": "patch",
        "choose_device": "memory.devices",
        "count_accelerators": "memory.devices",
        "choose_precision": "memory.precision",
        "detect_family": "detect",
        "latent_to_rgb": "preview",
        "load_checkpoint": "loading",
        "load_diffusers": "split_files",
        "load_network": "split_files",
        "load_text_encoder": "split_files",
        "load_tiny_vae": "vae_files",
        "load_upscale_model": "upscalers.loading",
        "load_vae": "vae_files",
        "load_vision_encoder": "loading",
        "pixel_vae": "vae_files",
        "prepare_libraries": "loading",
    },
)
