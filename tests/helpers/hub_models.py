"""Tiny models of each architecture of the hub, with random weights, in folders as the hub delivers them."""

import json

import torch
from transformers import AutoModelForDepthEstimation as Model
from transformers import (
    BeitConfig,
    DepthAnythingConfig,
    DepthProConfig,
    Dinov2Config,
    DPTConfig,
    GLPNConfig,
    PromptDepthAnythingConfig,
    ZoeDepthConfig,
)

STAGES = [f"stage{k}" for k in range(1, 5)]
NECK = {"neck_hidden_sizes": [8, 8, 16, 16], "fusion_hidden_size": 8}
IMAGENET = {"do_normalize": True, "image_mean": [0.485, 0.456, 0.406], "image_std": [0.229, 0.224, 0.225],
            "do_rescale": True, "rescale_factor": 1 / 255, "size": {"height": 518, "width": 518}}
HALVES = {"do_normalize": True, "image_mean": [0.5] * 3, "image_std": [0.5] * 3, "size": 384}


def dinov2():
    return Dinov2Config(hidden_size=32, num_hidden_layers=4, num_attention_heads=2, intermediate_size=64, image_size=56,
                        patch_size=14, out_features=STAGES, reshape_hidden_states=False)


def depth_anything(**more):
    return DepthAnythingConfig(backbone_config=dinov2(), reassemble_hidden_size=32, head_hidden_size=8, **NECK, **more)


def prompt_depth_anything():
    return PromptDepthAnythingConfig(backbone_config=dinov2(), reassemble_hidden_size=32, head_hidden_size=8, **NECK)


def dpt():
    return DPTConfig(hidden_size=32, num_hidden_layers=4, num_attention_heads=2, intermediate_size=64, image_size=64,
                     backbone_out_indices=[0, 1, 2, 3], **NECK)


def dpt_dinov2():
    return DPTConfig(backbone_config=dinov2(), patch_size=14, hidden_size=32, use_bias_in_fusion_residual=False,
                     neck_hidden_sizes=[8, 8, 16, 16])


def glpn():
    return GLPNConfig(depths=[1] * 4, hidden_sizes=[8, 16, 16, 32], num_attention_heads=[1, 2, 2, 2],
                      decoder_hidden_size=8)


def zoedepth():
    backbone = BeitConfig(image_size=64, num_hidden_layers=4, hidden_size=32, intermediate_size=64,
                          num_attention_heads=2, use_relative_position_bias=True, reshape_hidden_states=False,
                          out_features=STAGES)
    return ZoeDepthConfig(backbone_config=backbone, bottleneck_features=8, num_relative_features=8, bin_embedding_dim=8,
                          bin_configurations=[{"n_bins": 8, "min_depth": 1e-3, "max_depth": 10.0}], **NECK)


def depth_pro():
    encoders = {f"{name}_model_config": Dinov2Config(
        hidden_size=16, num_hidden_layers=2, num_attention_heads=2, intermediate_size=32, image_size=32, patch_size=8,
        out_features=STAGES[:2], reshape_hidden_states=False) for name in ("image", "patch", "fov")}
    return DepthProConfig(patch_size=32, fusion_hidden_size=16, intermediate_hook_ids=[1, 0],
                          intermediate_feature_dims=[8, 8], scaled_images_feature_dims=[16, 16, 8],
                          merge_padding_value=1, use_fov_model=True, num_fov_head_layers=2, **encoders)


def write_model(folder, config, preprocessing=IMAGENET):
    """Configuration of transformers -> folder with its model, whose outputs vary over the image"""
    torch.manual_seed(0)
    model = Model.from_config(config).eval()
    with torch.no_grad():
        for parameter in model.parameters():
            if parameter.ndim > 1:
                parameter.normal_(std=parameter[0].numel() ** -0.5)
        for name, parameter in model.named_parameters():
            if name.startswith("head.") and name.endswith("bias"):
                parameter.fill_(0.3)
    model.save_pretrained(folder)
    (folder / "preprocessor_config.json").write_text(json.dumps(preprocessing))
    return folder
