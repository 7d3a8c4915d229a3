"""Hooks: LoRAs that belong to prompts, scheduled over the run, side by side in one picture; and default prompts."""

import logging

import pytest
import torch
from safetensors.torch import save_file

from engine.errors import Interrupted, NoMatchingWeights
from engine.models import DiffusionModel
from engine.models.memory.hosted_module import HostedModule
from engine.sampling import HookKeyframe, NetworkInputs
from nodes import conditioning, hook_conditioning, hooks, latent, lora, sampling, text
from tests import tiny
from tests.nodes.conftest import RecordingContext

SIZES = {"width": 64, "height": 64}
EMPTY = latent.make_empty(**SIZES)


@pytest.fixture(scope="module", autouse=True)
def more_models(model_folder):
    """A second LoRA, one for another family, and a second checkpoint of the same kind."""
    folder = model_folder / "models"
    tiny.write_lora(folder / "loras" / "other.safetensors", seed=5)
    foreign = {f"lora_unet_blocks_0_linear.lora_{way}.weight": torch.ones(4, 4) for way in ("down", "up")}
    save_file(foreign, folder / "loras" / "foreign.safetensors")
    tiny.write_checkpoint(folder / "checkpoints" / "second.safetensors", seed=3)
    tiny.write_checkpoint(folder / "checkpoints" / "sd2.safetensors", sizes=tiny.SD2)
    yield
    for path in ("loras/other", "loras/foreign", "checkpoints/second", "checkpoints/sd2"):
        (folder / f"{path}.safetensors").unlink()


@pytest.fixture
def prompts(checkpoint, context):
    return [text.encode_text(text=each, clip=checkpoint.clip, context=context) for each in ("a red cat", "a blue dog")]


def bits(model):
    with model.hosted.holding():
        return {name: t.clone() for name, t in model.hosted.module.state_dict().items()}


def run(model, positive, negative, context, **more):
    options = {"seed": 3, "steps": 2, "cfg": 4.0, "sampler_name": "euler", "scheduler": "normal"} | more
    return sampling.ksampler(
        model=model, positive=positive, negative=negative, latent_image=EMPTY, context=context, **options
    ).samples


def lora_hook(context, strength=0.8, name="tiny", **more):
    return hooks.create_lora_hook_for_model(
        lora_name=f"{name}.safetensors", strength_model=strength, context=context, **more
    )


def with_lora(model, context, strength=0.8, name="tiny"):
    return lora.load_lora_model_only(
        model=model, lora_name=f"{name}.safetensors", strength_model=strength, context=context
    )


def hooked(pair, group, **more):
    return hook_conditioning.set_pair_properties(
        positive_NEW=pair[0], negative_NEW=pair[1], set_cond_area="default", hooks=group, **more
    )


@pytest.fixture
def passes(monkeypatch):
    """(batch, level, hooks' strengths) of each pass of the network."""
    seen = []
    denoise = DiffusionModel.denoise

    def counting(model, x, sigma, inputs: NetworkInputs):
        seen.append((len(x), float(sigma[0]), tuple(strength for _, strength in inputs.hooks)))
        return denoise(model, x, sigma, inputs)

    monkeypatch.setattr(DiffusionModel, "denoise", counting)
    return seen


@pytest.fixture
def switches(monkeypatch):
    """The hooks that each change of weights within a run led to."""
    seen = []
    change = HostedModule._set_patches

    def counting(module, patches, hooks=None):
        if patches != module._applied:
            seen.append(len(hooks or ()))
        change(module, patches, hooks)

    monkeypatch.setattr(HostedModule, "_set_patches", counting)
    return seen


def test_a_hook_on_all_prompts_is_the_lora_in_the_model(checkpoint, prompts, context, passes, switches):
    expected = run(with_lora(checkpoint.model, context), *prompts, context)
    plain = run(checkpoint.model, *prompts, context)
    before = bits(checkpoint.model)
    passes.clear(), switches.clear()
    ours = run(checkpoint.model, *hooked(prompts, lora_hook(context)), context)
    assert torch.equal(ours, expected) and not torch.equal(ours, plain)
    assert [batch for batch, _, _ in passes] == [2, 2]  # both prompts share each step's pass
    assert switches == [1, 0]  # to the hook and, at the end, back
    after = bits(checkpoint.model)
    assert all(torch.equal(before[name], after[name]) for name in before)


@pytest.mark.parametrize("way", ["strength", "keyframe"])
def test_hooks_without_strength_change_nothing(checkpoint, prompts, context, passes, switches, way):
    if way == "strength":
        group = lora_hook(context, 0.0) or hooks.create_lora_hook(
            lora_name="tiny.safetensors", strength_model=0.0, context=context
        )
    else:
        (frames,) = hooks.create_keyframe(strength_mult=0.0)
        group = hooks.set_keyframes(hooks=lora_hook(context), hook_kf=frames)
    positive = hook_conditioning.set_properties(cond_NEW=prompts[0], set_cond_area="default", hooks=group)
    assert torch.equal(run(checkpoint.model, positive, prompts[1], context), run(checkpoint.model, *prompts, context))
    assert [batch for batch, _, _ in passes] == [2] * 4
    assert switches == []


def test_prompts_with_different_hooks_take_a_pass_each_and_weights_are_switched_once_for_each(
    checkpoint, prompts, context, passes, switches
):
    first = hooked(prompts, lora_hook(context))
    second = hooked(prompts, lora_hook(context, 0.5, "other"))
    both = hook_conditioning.combine_pairs(
        positive_A=first.positive, negative_A=first.negative, positive_B=second.positive, negative_B=second.negative
    )
    run(checkpoint.model, *both, context, steps=3)
    assert [(batch, strengths) for batch, _, strengths in passes] == [(2, (0.8,)), (2, (0.5,))] * 3
    assert switches == [1] * 6 + [0]


def test_two_regions_with_two_loras_are_the_two_models_put_together_by_masks(checkpoint, prompts, context):
    left = torch.zeros(1, 64, 64)
    left[..., :32] = 1
    parts = []
    for mask, (name, strength) in ((left, ("tiny", 0.8)), (1 - left, ("other", 0.5))):
        parts.append(hooked(prompts, lora_hook(context, strength, name), mask=mask))
    (first, second) = parts
    pair = hook_conditioning.combine_pairs(
        positive_A=first.positive, negative_A=first.negative, positive_B=second.positive, negative_B=second.negative
    )
    ours = run(checkpoint.model, *pair, context, steps=1)
    one = run(with_lora(checkpoint.model, context), *prompts, context, steps=1)
    other = run(with_lora(checkpoint.model, context, 0.5, "other"), *prompts, context, steps=1)
    assert not torch.allclose(one, other, atol=1e-2)
    torch.testing.assert_close(ours[..., :4], one[..., :4], atol=1e-5, rtol=1e-5)
    torch.testing.assert_close(ours[..., 4:], other[..., 4:], atol=1e-5, rtol=1e-5)


def test_keyframes_switch_at_their_levels(checkpoint, prompts, context, passes):
    (frames,) = hooks.create_keyframe(strength_mult=1.0)
    (frames,) = hooks.create_keyframe(strength_mult=0.5, start_percent=0.3, prev_hook_kf=frames)
    (frames,) = hooks.create_keyframe(strength_mult=0.0, start_percent=0.7, prev_hook_kf=frames)
    group = hooks.set_keyframes(hooks=lora_hook(context), hook_kf=frames)
    before = bits(checkpoint.model)
    run(checkpoint.model, *hooked(prompts, group), context, steps=8)
    levels = checkpoint.model.noise_levels
    starts = [levels.at_percent(0.3), levels.at_percent(0.7)]
    expected = [() if s <= starts[1] else (0.4,) if s <= starts[0] else (0.8,) for _, s, _ in passes]
    assert [strengths for _, _, strengths in passes] == expected
    assert set(expected) == {(), (0.4,), (0.8,)}
    assert all(torch.equal(before[name], t) for name, t in bits(checkpoint.model).items())


def test_a_run_that_is_scheduled_is_the_runs_of_its_parts_one_after_the_other(checkpoint, prompts, context):
    (frames,) = hooks.create_keyframe(strength_mult=0.0)
    (frames,) = hooks.create_keyframe(strength_mult=1.0, start_percent=0.4, prev_hook_kf=frames)
    group = hooks.set_keyframes(hooks=lora_hook(context), hook_kf=frames)
    ours = run(checkpoint.model, *hooked(prompts, group), context, steps=4)
    options = {"noise_seed": 3, "steps": 4, "cfg": 4.0, "sampler_name": "euler", "scheduler": "normal"}
    options |= {"positive": prompts[0], "negative": prompts[1], "context": context}
    half = sampling.ksampler_advanced(
        model=checkpoint.model, add_noise="enable", latent_image=EMPTY, start_at_step=0, end_at_step=2,
        return_with_leftover_noise="enable", **options,
    )  # fmt: skip
    whole = sampling.ksampler_advanced(
        model=with_lora(checkpoint.model, context), add_noise="disable", latent_image=half, start_at_step=2,
        return_with_leftover_noise="disable", **options,
    )  # fmt: skip
    torch.testing.assert_close(ours, whole.samples, atol=1e-4, rtol=1e-4)


@pytest.mark.parametrize("how", ["cancel", "error"])
def test_a_run_that_ends_early_leaves_the_model_as_it_was(checkpoint, prompts, context, resources, monkeypatch, how):
    before = bits(checkpoint.model)
    pair = hooked(prompts, lora_hook(context))
    context = RecordingContext(context.places, resources, cancel_at=1 if how == "cancel" else None)
    if how == "error":
        monkeypatch.setattr(context, "progress", lambda *args: 1 / 0)
    with pytest.raises(Interrupted if how == "cancel" else ZeroDivisionError):
        run(checkpoint.model, pair.positive, prompts[1], context)
    assert all(torch.equal(before[name], t) for name, t in bits(checkpoint.model).items())


def test_clip_hooks_encode_as_the_lora_does(checkpoint, prompts, context):
    group = hooks.create_lora_hook(
        lora_name="tiny.safetensors", strength_model=0.8, strength_clip=0.6, prev_hooks=None, context=context
    )
    _, clip = lora.load_lora(
        model=checkpoint.model, clip=checkpoint.clip, lora_name="tiny.safetensors", strength_model=0.8,
        strength_clip=0.6, context=context,
    )  # fmt: skip
    expected = text.encode_text(text="a red cat", clip=clip, context=context)
    for is_carried in (True, False):
        changed = hooks.set_clip_hooks(clip=checkpoint.clip, hooks=group, apply_to_conds=is_carried)
        encoded = text.encode_text(text="a red cat", clip=changed, context=context)
        assert torch.equal(encoded[0].embedding, expected[0].embedding)
        assert torch.equal(encoded[0].pooled, expected[0].pooled)
        assert encoded[0].hooks == (group if is_carried else ())
    assert not torch.equal(expected[0].embedding, prompts[0][0].embedding)
    assert hooks.set_clip_hooks(clip=checkpoint.clip) is checkpoint.clip
    again = text.encode_text(text="a red cat", clip=checkpoint.clip, context=context)
    assert torch.equal(again[0].embedding, prompts[0][0].embedding)


def test_scheduled_clip_hooks_encode_for_each_keyframe_and_each_counts_in_its_part(checkpoint, context, monkeypatch):
    (frames,) = hooks.create_keyframe(strength_mult=1.0)
    for start, strength in ((0.25, 1.0), (0.5, 0.5), (1.0, 9.0)):
        (frames,) = hooks.create_keyframe(strength_mult=strength, start_percent=start, prev_hook_kf=frames)
    group = hooks.create_lora_hook(lora_name="tiny.safetensors", strength_clip=0.6, context=context)
    group = hooks.set_keyframes(hooks=group, hook_kf=frames)
    clip = hooks.set_clip_hooks(clip=checkpoint.clip, hooks=group, schedule_clip=True)
    encoded = text.encode_text(text="a red cat", clip=clip, context=context)
    assert [(item.encoded_start, item.encoded_end) for item in encoded] == [(0.0, 0.5), (0.5, 1.0)]
    for item, strength in zip(encoded, (0.6, 0.3), strict=True):
        _, changed = lora.load_lora(
            model=checkpoint.model, clip=checkpoint.clip, lora_name="tiny.safetensors", strength_model=1.0,
            strength_clip=strength, context=context,
        )  # fmt: skip
        assert torch.equal(item.embedding, changed.encode("a red cat")[0])
    once = hooks.set_clip_hooks(clip=checkpoint.clip, hooks=group)
    assert len(text.encode_text(text="a red cat", clip=once, context=context)) == 1

    seen = []
    denoise = DiffusionModel.denoise

    def looking(model, x, sigma, inputs):
        seen.append((float(sigma[0]), len(x), [torch.equal(inputs.embedding[:1], item.embedding) for item in encoded]))
        return denoise(model, x, sigma, inputs)

    monkeypatch.setattr(DiffusionModel, "denoise", looking)
    # a later range of the user's narrows when it counts, and leaves which one it is
    narrowed = conditioning.set_timestep_range(conditioning=encoded, start=0.0, end=1.0)
    run(checkpoint.model, narrowed, narrowed, context, steps=6, cfg=1.0)
    border = checkpoint.model.noise_levels.at_percent(0.5)
    assert [found for _, _, found in seen] == [[level > border, level <= border] for level, _, _ in seen]
    assert all(count == 1 for _, count, _ in seen) and len({level > border for level, _, _ in seen}) == 2


def test_a_problem_of_a_prompt_is_told_once_however_often_it_is_encoded(checkpoint, context):
    (frames,) = hooks.create_eased_keyframes(
        strength_start=0.0, strength_end=1.0, interpolation="linear", keyframes_count=4, context=context
    )
    group = hooks.create_lora_hook(lora_name="tiny.safetensors", context=context)
    group = hooks.set_keyframes(hooks=group, hook_kf=frames)
    clip = hooks.set_clip_hooks(clip=checkpoint.clip, hooks=group, schedule_clip=True)
    encoded = text.encode_text(text="a embedding:none cat", clip=clip, context=context)
    assert len(encoded) == 3  # what begins at the end of the run never comes
    assert len(context.shown) == 1


@pytest.mark.parametrize("make", [hooks.create_model_hook, hooks.create_model_hook_for_model])
def test_a_model_as_lora_leads_to_that_model(checkpoint, prompts, context, resources, make):
    from nodes import loaders

    second = loaders.load_checkpoint(ckpt_name="second.safetensors", context=context)
    group = make(ckpt_name="second.safetensors", context=context)
    ours = run(checkpoint.model, *hooked(prompts, group), context)
    torch.testing.assert_close(ours, run(second.model, *prompts, context), atol=2e-4, rtol=2e-4)
    clip = hooks.set_clip_hooks(clip=checkpoint.clip, hooks=group)
    changed = text.encode_text(text="cat", clip=clip, context=context)[0].embedding
    wanted = (second.clip if make is hooks.create_model_hook else checkpoint.clip).encode("cat")[0]
    torch.testing.assert_close(changed, wanted, atol=1e-4, rtol=1e-4)
    assert make(ckpt_name="second.safetensors", strength_model=0.0, context=context, **(
        {"strength_clip": 0.0} if make is hooks.create_model_hook else {}
    )) == ()  # fmt: skip


@pytest.mark.parametrize(
    ("make", "file", "error", "words"),
    [
        (hooks.create_lora_hook, {"lora_name": "foreign.safetensors"}, NoMatchingWeights, "another kind of model"),
        (hooks.create_model_hook, {"ckpt_name": "sd2.safetensors"}, ValueError, "Only models of one kind"),
    ],
)
def test_hooks_for_another_kind_of_model_are_refused_before_anything_is_denoised(
    checkpoint, prompts, context, passes, make, file, error, words
):
    pair = hooked(prompts, make(**file, context=context))
    with pytest.raises(error, match=words):
        run(checkpoint.model, *pair, context)
    assert passes == []


def test_groups_of_hooks_are_joined_and_the_same_change_counts_once(context):
    one, two = lora_hook(context), lora_hook(context, 0.5, "other")
    chain = lora_hook(context, 0.3, "tiny", prev_hooks=one)
    assert len(chain) == 2 and chain[0] is one[0]
    (frames,) = hooks.create_keyframe(strength_mult=0.5)
    later = hooks.set_keyframes(hooks=one, hook_kf=frames)
    assert hooks.combine_two(hooks={"hooks_A": one, "hooks_B": two}) == one + two
    assert hooks.combine_two(hooks={"hooks_B": one}) == one
    assert hooks.combine_two(hooks={}) == ()
    assert hooks.combine_four(hooks={"hooks_A": one, "hooks_C": None, "hooks_D": two}) == one + two
    joined = hooks.combine_eight(hooks={"hooks_A": one, "hooks_B": two, "hooks_H": later})
    assert joined == later + two  # in the first one's place, as the last one says
    assert hooks.set_keyframes(hooks=one) is one


def test_keyframes_are_spread_and_eased(context, caplog):
    (frames,) = hooks.create_keyframes_from_numbers(
        floats_strength=[0.0, 1.0, 0.5], start_percent=0.2, end_percent=0.8, context=context
    )
    assert [frame.start_percent for frame in frames] == pytest.approx([0.2, 0.5, 0.8])
    assert [frame.strength for frame in frames] == [0.0, 1.0, 0.5]
    (single,) = hooks.create_keyframes_from_numbers(floats_strength=0.4, context=context)
    assert single == (HookKeyframe(0.0, 0.4),)
    shapes = {
        "linear": [0, 0.25, 0.5, 0.75, 1],
        "ease_in": [0, 0.0625, 0.25, 0.5625, 1],
        "ease_out": [0, 0.4375, 0.75, 0.9375, 1],
        "ease_in_out": [0, 0.146447, 0.5, 0.853553, 1],
    }
    for interpolation, shares in shapes.items():
        (frames,) = hooks.create_eased_keyframes(
            strength_start=2.0, strength_end=1.0, interpolation=interpolation, context=context
        )
        assert [frame.strength for frame in frames] == pytest.approx([2 - share for share in shares], abs=1e-6)
        assert [frame.start_percent for frame in frames] == [0.0, 0.25, 0.5, 0.75, 1.0]
    assert not context.shown
    with caplog.at_level(logging.INFO):
        hooks.create_eased_keyframes(interpolation="linear", print_keyframes=True, context=context)
    assert "0.250: 1.000" in caplog.text and "0.250: 1.000" in context.shown[0]
    (joined,) = hooks.create_keyframe(strength_mult=7.0, start_percent=0.5, prev_hook_kf=frames)
    assert [frame.start_percent for frame in joined] == [0.0, 0.25, 0.5, 0.75, 1.0] and joined[2].strength == 7.0


@pytest.mark.parametrize(("given", "words"), [([], "an empty list"), ([1.0, "x"], "'x' in it")])
def test_what_is_no_list_of_numbers_is_named(context, given, words):
    with pytest.raises(ValueError, match=f"floats_strength takes a number or a list of numbers; found {words}"):
        hooks.create_keyframes_from_numbers(floats_strength=given, context=context)


def test_properties_are_set_on_one_prompt_or_a_pair_and_joined_to_others(prompts, context):
    mask = torch.rand(1, 8, 8)
    group, further = lora_hook(context), lora_hook(context, 0.5, "other")
    ranges = hook_conditioning.choose_timesteps(start_percent=0.2, end_percent=0.6)
    assert tuple(ranges) == ((0.2, 0.6), (0.0, 0.2), (0.6, 1.0))
    said = {"strength": 0.7, "set_cond_area": "mask bounds", "mask": mask, "hooks": group, "timesteps": ranges[0]}
    changed = hook_conditioning.set_properties(cond_NEW=prompts[0], **said)
    (item,) = changed
    assert torch.equal(item.mask, mask) and (item.mask_strength, item.set_area_to_bounds) == (0.7, True)
    assert (item.hooks, item.start_percent, item.end_percent) == (group, 0.2, 0.6)
    (again,) = hook_conditioning.set_properties(cond_NEW=changed, set_cond_area="default", hooks=further)
    assert again.hooks == group + further and again.mask is item.mask and again.end_percent == 0.6
    both = hook_conditioning.set_properties_and_combine(cond=prompts[1], cond_NEW=prompts[0], **said)
    assert both[0] is prompts[1][0] and both[1].hooks == group
    pair = hook_conditioning.set_pair_properties_and_combine(
        positive=prompts[0], negative=prompts[1], positive_NEW=prompts[0], negative_NEW=prompts[1], **said
    )
    assert [len(part) for part in pair] == [2, 2]
    assert [item.hooks for part in pair for item in part] == [(), group, (), group]
    untouched = hook_conditioning.set_properties(cond_NEW=prompts[0], strength=0.2, set_cond_area="default")
    assert untouched is prompts[0]


def test_default_prompts_are_marked_and_hooked(prompts, context):
    group = lora_hook(context)
    joined = hook_conditioning.add_default(cond=prompts[0], cond_DEFAULT=prompts[1], hooks=group)
    assert [(item.is_default, item.hooks) for item in joined] == [(False, ()), (True, group)]
    pair = hook_conditioning.add_default_pair(
        positive=prompts[0], negative=prompts[1], positive_DEFAULT=prompts[1], negative_DEFAULT=prompts[0]
    )
    assert [[item.is_default for item in part] for part in pair] == [[False, True]] * 2


def test_a_default_prompt_fills_what_masks_leave(checkpoint, prompts, context, passes):
    left = torch.zeros(1, 64, 64)
    left[..., :32] = 1
    masked = conditioning.set_mask(conditioning=prompts[0], mask=left, set_cond_area="default")
    filled = hook_conditioning.add_default(cond=masked, cond_DEFAULT=prompts[1])
    by_hand = masked + conditioning.set_mask(conditioning=prompts[1], mask=1 - left, set_cond_area="default")
    empty = prompts[1]
    ours = run(checkpoint.model, filled, empty, context)
    torch.testing.assert_close(ours, run(checkpoint.model, by_hand, empty, context), atol=1e-6, rtol=1e-6)
    passes.clear()
    everywhere = hook_conditioning.add_default(cond=prompts[0], cond_DEFAULT=prompts[1])
    assert torch.equal(run(checkpoint.model, everywhere, empty, context), run(checkpoint.model, *prompts, context))
    assert [batch for batch, _, _ in passes] == [2] * 4  # where nothing is left for it, it costs nothing


def test_the_pipeline_of_nodes_runs_as_a_graph(places, resources):
    """SetClipHooks before the prompts, keyframes, a pair with a default: as a workflow has them."""
    from engine.execution import LocalExecutor, RunRequest
    from engine.graph import Graph, Link, Node, Registry
    from nodes import definitions

    kinds = {
        "ckpt": ("CheckpointLoaderSimple", {"ckpt_name": "tiny.safetensors"}),
        "hook": ("CreateHookLora", {"lora_name": "tiny.safetensors", "strength_model": 0.8, "strength_clip": 0.8}),
        "frames": ("CreateHookKeyframe", {"strength_mult": 0.5, "start_percent": 0.5}),
        "hooks": ("SetHookKeyframes", {"hooks": Link("hook", 0), "hook_kf": Link("frames", 0)}),
        "all": ("CombineHooks2", {"hooks_A": Link("hooks", 0)}),
        "clip": ("SetClipHooks", {"clip": Link("ckpt", 1), "hooks": Link("all", 0), "apply_to_conds": True,
                                  "schedule_clip": True}),
        "text": ("CLIPTextEncode", {"clip": Link("clip", 0), "text": "a cat"}),
        "range": ("ConditioningTimestepsRange", {"start_percent": 0.0, "end_percent": 0.9}),
        "props": ("ConditioningSetProperties", {"cond_NEW": Link("text", 0), "strength": 1.0,
                                               "set_cond_area": "default", "timesteps": Link("range", 0)}),
        "empty": ("EmptyLatentImage", {"width": 64, "height": 64, "batch_size": 1}),
        "run": ("KSampler", {"model": Link("ckpt", 0), "positive": Link("props", 0), "negative": Link("text", 0),
                             "latent_image": Link("empty", 0), "seed": 1, "steps": 2, "cfg": 2.0,
                             "sampler_name": "euler", "scheduler": "normal", "denoise": 1.0}),
        "image": ("VAEDecode", {"samples": Link("run", 0), "vae": Link("ckpt", 2)}),
        "save": ("PreviewImage", {"images": Link("image", 0)}),
    }  # fmt: skip
    graph = Graph({name: Node(name, kind, inputs) for name, (kind, inputs) in kinds.items()})
    executor = LocalExecutor(Registry(definitions()), places, resources)
    outcome = executor.run(RunRequest("j", graph, ("save",)), lambda event: None)
    executor.close()
    assert outcome.status == "success", outcome
    assert len(outcome.outputs["save"]["images"]) == 1
