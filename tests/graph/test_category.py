from __future__ import annotations

import pytest

from netviz_desktop.graph.category import Category, category


@pytest.mark.parametrize(
    ("names", "kind"),
    [
        ("Conv conv2d Conv2d aten::conv2d _convolution ConvTranspose2d", Category.LAYER),
        ("Gemm Linear linear addmm Dense LSTM", Category.LAYER),
        ("Relu ReLU relu_ ReLU6 hardswish_ SiLU Softmax LeakyRelu", Category.ACTIVATION),
        ("MaxPool max_pool2d_with_indices adaptive_avg_pool2d GlobalAveragePool", Category.POOL),
        (
            "BatchNormalization BatchNorm2d batch_norm native_batch_norm LayerNorm",
            Category.NORMALIZATION,
        ),
        ("Dropout dropout feature_dropout AlphaDropout", Category.DROPOUT),
        ("Reshape flatten view permute", Category.SHAPE),
        ("Concat cat Concatenate Slice Pad ZeroPadding2D", Category.TENSOR),
        ("Gather Transpose unsqueeze Embedding", Category.TRANSFORM),
        ("Attention MultiheadAttention scaled_dot_product_attention", Category.ATTENTION),
        ("QuantizeLinear DequantizeLinear quantize_per_tensor", Category.QUANTIZATION),
        ("Add add_ add.Tensor Mul MatMul __iadd__ ReduceMean", Category.ARITHMETIC),
        ("Constant", Category.CONSTANT),
        ("If Loop Identity", Category.CONTROL),
        ("NonMaxSuppression convert_element_type Bottleneck", Category.OTHER),
    ],
)
def test_the_same_work_has_the_same_category_in_every_format(names: str, kind: Category) -> None:
    assert {name: category(name) for name in names.split()} == dict.fromkeys(names.split(), kind)
