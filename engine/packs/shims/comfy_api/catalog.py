"""Every kind by its name: `io.Image`, `io.Int`, ..."""

from __future__ import annotations

from typing import Any

from comfy_api.kinds import (
    BooleanInput,
    ComboInput,
    ComfyType,
    MultiComboInput,
    NumberInput,
    StringInput,
    WidgetInput,
    make_kind,
)

Boolean = make_kind("BOOLEAN", bool, BooleanInput)
Int = make_kind("INT", int, NumberInput)
Float = make_kind("FLOAT", float, NumberInput)
String = make_kind("STRING", str, StringInput)
Combo = make_kind("COMBO", str, ComboInput)
MultiCombo = make_kind("COMBO", list[str], MultiComboInput)
Webcam = WebcamComponent = make_kind("WEBCAM", str, WidgetInput)
Color = make_kind("COLOR", str, WidgetInput)
BoundingBox = make_kind("BOUNDING_BOX", dict, WidgetInput)
Curve = make_kind("CURVE", Any, WidgetInput)

AnyType = make_kind("*")
Accumulation = make_kind("ACCUMULATION", dict)
Audio = make_kind("AUDIO", dict)
AudioEncoder = make_kind("AUDIO_ENCODER")
AudioEncoderOutput = make_kind("AUDIO_ENCODER_OUTPUT")
BBOX = make_kind("BBOX")
CameraControl = make_kind("CAMERA_CONTROL")
Clip = make_kind("CLIP")
ClipVision = make_kind("CLIP_VISION")
ClipVisionOutput = make_kind("CLIP_VISION_OUTPUT")
Conditioning = make_kind("CONDITIONING", list)
ControlNet = make_kind("CONTROL_NET")
FaceAnalysis = make_kind("FACE_ANALYSIS")
File3D = File3DAny = make_kind("FILE_3D")
File3DFBX = make_kind("FILE_3D_FBX")
File3DGLB = make_kind("FILE_3D_GLB")
File3DGLTF = make_kind("FILE_3D_GLTF")
File3DOBJ = make_kind("FILE_3D_OBJ")
File3DSTL = make_kind("FILE_3D_STL")
File3DUSDZ = make_kind("FILE_3D_USDZ")
FlowControl = make_kind("FLOW_CONTROL", tuple)
Gligen = make_kind("GLIGEN")
Guider = make_kind("GUIDER")
HookKeyframes = make_kind("HOOK_KEYFRAMES")
Hooks = make_kind("HOOKS")
Image = make_kind("IMAGE")
ImageCompare = make_kind("IMAGECOMPARE")
Latent = make_kind("LATENT", dict)
LatentOperation = make_kind("LATENT_OPERATION")
LatentUpscaleModel = make_kind("LATENT_UPSCALE_MODEL")
Load3D = make_kind("LOAD_3D", Any, WidgetInput)
Load3DAnimation = make_kind("LOAD_3D_ANIMATION", Any, WidgetInput)
Load3DCamera = make_kind("LOAD3D_CAMERA")
Load3DModelInfo = make_kind("LOAD3D_MODEL_INFO")
LoraModel = make_kind("LORA_MODEL", dict)
LossMap = make_kind("LOSS_MAP", dict)
Mask = make_kind("MASK")
Mesh = make_kind("MESH")
Model = make_kind("MODEL")
ModelPatch = make_kind("MODEL_PATCH")
Noise = make_kind("NOISE")
Photomaker = make_kind("PHOTOMAKER")
Point = make_kind("POINT")
SEGS = make_kind("SEGS")
SVG = make_kind("SVG")
Sampler = make_kind("SAMPLER")
Sigmas = make_kind("SIGMAS")
StyleModel = make_kind("STYLE_MODEL")
TimestepsRange = make_kind("TIMESTEPS_RANGE", tuple)
Tracks = make_kind("TRACKS", dict)
UpscaleModel = make_kind("UPSCALE_MODEL")
Vae = make_kind("VAE")
Video = make_kind("VIDEO")
Voxel = make_kind("VOXEL")
WanCameraEmbedding = make_kind("WAN_CAMERA_EMBEDDING")

KINDS: dict[str, type[ComfyType]] = {
    name: value for name, value in list(globals().items()) if isinstance(value, type) and issubclass(value, ComfyType)
}
