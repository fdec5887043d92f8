"""What kind of work a node does, by its op type: the window colours boxes by it."""

from __future__ import annotations

import re
from enum import StrEnum
from functools import lru_cache


class Category(StrEnum):
    """Kinds of nodes; OTHER is all that has no kind of its own."""

    LAYER = "layer"
    ACTIVATION = "activation"
    POOL = "pool"
    NORMALIZATION = "normalization"
    DROPOUT = "dropout"
    SHAPE = "shape"
    TENSOR = "tensor"
    TRANSFORM = "transform"
    DATA = "data"
    QUANTIZATION = "quantization"
    ATTENTION = "attention"
    ARITHMETIC = "arithmetic"
    CONSTANT = "constant"
    CONTROL = "control"
    OTHER = "other"


@lru_cache(maxsize=4096)
def category(op_type: str, domain: str = "") -> Category:
    """The kind of an op, whatever format it comes from.

    ONNX ("BatchNormalization"), torch ("batch_norm", "aten::batch_norm"), torch.nn
    ("BatchNorm2d") and Keras ("BatchNormalization") name the same work differently; names
    are compared in lower case, without underscores, dimension and domain.
    """
    name = op_type.rsplit("::", 1)[-1].split(".", 1)[0].lower().replace("_", "")
    if name in _EXACT:
        return _EXACT[name]
    bare = re.sub(r"[123]d$", "", name)
    if bare in _EXACT:
        return _EXACT[bare]
    if domain == "keras" and bare == "inputlayer":
        return Category.DATA
    for pattern, kind in _PATTERNS:
        if pattern.search(bare):
            return kind
    return Category.OTHER


_NAMES = {
    Category.LAYER: """conv convtranspose convinteger fusedconv qlinearconv deformconv gemm
        fusedgemm qgemm linear bilinear lazylinear identitylinear addmm dense depthwiseconv gru lstm
        rnn grucell lstmcell rnncell rnntanh rnnrelu simplernn bidirectional upsample
        upsamplenearest upsamplebilinear upsampling upsamplingnearest interpolate matmulnbits
        timedistributed convlstm einsumdense""",
    Category.ACTIVATION: """relu relu6 leakyrelu prelu rrelu elu celu selu gelu fastgelu quickgelu
        biasgelu sigmoid hardsigmoid logsigmoid tanh hardtanh tanhshrink softmax softmin
        logsoftmax softplus softsign softshrink hardshrink swish hardswish silu mish glu swiglu
        clip clamp threshold thresholdedrelu hardmax shrink activation erf""",
    Category.POOL: """averagepool globalaveragepool maxpool globalmaxpool lppool globallppool
        maxroipool roialign maxunpool""",
    Category.NORMALIZATION: """batchnormalization instancenormalization layernormalization
        groupnormalization lrn lpnormalization meanvariancenormalization rmsnorm
        rmsnormalization simplifiedlayernormalization skiplayernormalization
        skipsimplifiedlayernormalization localresponsenorm normalize weightnorm spectralnorm
        unitnormalization""",
    Category.DROPOUT: "stochasticdepth droppath gaussiandropout",
    Category.SHAPE: """flatten unflatten reshape view unsafeview viewas tile repeat repeatvector
        expand expandas broadcastto permute shape size cropping contiguous
        depthtospace spacetodepth pixelshuffle pixelunshuffle""",
    Category.TENSOR: """concat concatenate cat stack hstack vstack pad constantpad reflectionpad
        replicationpad zeropad zeropadding slice split chunk unbind meshgrid getitem select
        narrow splittosequence sequenceat sequenceconstruct tensorsplit maximum minimum where
        roll""",
    Category.TRANSFORM: """gather gathernd gatherelements scatter scatternd scatterelements
        embedding embeddingbag squeeze unsqueeze transpose t swapaxes movedim moveaxis
        rotaryembedding
        indexselect index topk cast castlike to type flip onehot""",
    Category.DATA: "crop imagescaler inputlayer input placeholder centercrop resize rescaling",
    Category.ATTENTION: """attention multiheadattention groupqueryattention selfattention
        scaleddotproductattention pagedattention sparseattention decodermaskedmultiheadattention
        additiveattention nativemultiheadattention qattention longformerattention""",
    Category.ARITHMETIC: """matmul mm bmm baddbmm einsum matmulinteger qlinearmatmul add iadd sub
        isub rsub mul imul div truediv floordivide neg abs sqrt rsqrt pow exp log sum
        mean reducemean reducesum reducemax reducemin reducel2 reduceprod max min amax amin argmax
        argmin cumsum equal greater less lessorequal greaterorequal not and or xor ne eq gt lt ge
        le reciprocal square sin cos floor ceil round sign mod average multiply subtract
        linalgvectornorm norm""",
    Category.CONSTANT: """constant constantofshape fill full ones zeros oneslike zeroslike fulllike
        arange range tensorconstant scalartensor linspace randomnormal randomuniform randn rand
        randomnormallike randomuniformlike weights parameter""",
    Category.CONTROL: "if loop scan while cond identity output return",
}
_EXACT = {name: kind for kind, names in _NAMES.items() for name in names.split()}

# in this order: "adaptive_avg_pool2d" and "max_pool2d_with_indices" are pools, "maximum" is none
_PATTERNS = tuple(
    (re.compile(pattern), kind)
    for pattern, kind in (
        (r"quantize|quantise|quantizelinear|^q?linear(add|mul)", Category.QUANTIZATION),
        (r"attention", Category.ATTENTION),
        (r"dropout", Category.DROPOUT),
        (r"pool", Category.POOL),
        (r"norm", Category.NORMALIZATION),
        (r"conv(olution)?(?!ert)|^linear|lstm|gru|^rnn|upsampl", Category.LAYER),
        (r"relu|softmax|sigmoid|tanh|swish|gelu|activation", Category.ACTIVATION),
        (r"embedding", Category.TRANSFORM),
        (r"^pad|pad$", Category.TENSOR),
    )
)
