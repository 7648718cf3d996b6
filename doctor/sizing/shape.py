"""What the memory and speed models need to know of a model: its layers, widths and weights."""

import msgspec


class Layer(msgspec.Struct, frozen=True, kw_only=True):
    """One block. `attention` is "full", "window" or "none"; widths are K and V elements per token."""

    attention: str
    k_width: int = 0
    v_width: int = 0
    state_bytes: int = 0  # recurrent state per slot, f32
    weight_bytes: int = 0
    expert_bytes: int = 0  # part of weight_bytes that is routed experts
    largest_bytes: int = 0  # of its tensors, experts left out
    largest_expert_bytes: int = 0
    packing_bytes: int = 0  # what AMX packing adds when this block runs on the CPU


class Shape(msgspec.Struct, frozen=True, kw_only=True):
    """A model's dimensions. Byte counts are exact sums over the tensors of the file."""

    architecture: str
    layers: tuple[Layer, ...]
    embedding_length: int
    vocabulary: int
    heads: int
    head_length: int = 0
    feed_forward: int
    experts: int = 0
    experts_used: int = 0
    expert_feed_forward: int = 0
    window: int = 0
    trained_context: int = 0
    mla_rank: int = 0
    mla_rope: int = 0
    mla_nope: int = 0
    embedding_bytes: int = 0  # what is looked up by token and stays on the host
    output_bytes: int = 0  # the output head and norms outside the blocks, as placed with the last layer
    output_packing_bytes: int = 0
    tied: bool = False  # the token embedding is the output head as well
    all_on_device: bool = False  # the runtime puts the embedding on the device as well (MLX, vLLM)
    fused_qkv: bool = False  # one matrix makes queries, keys and values
    fused_gate: bool = False  # one matrix makes gate and up projection
    residual_beside_logits: bool = False
    query_width_kept: int = 0  # query elements that stay alive beside the experts
    elements: int = 0  # all weights
    name: str = ""
    exact: bool = True  # False when a tensor's type is unknown

    @property
    def expert_share(self) -> float:
        """Share of the routed experts that one token uses, 1 for a dense model."""
        return self.experts_used / self.experts if self.experts and self.experts_used else 1.0

    @property
    def query_width(self) -> int:
        """Elements of all heads' queries for one token."""
        return self.heads * self.head_length or self.embedding_length

    @property
    def v_width_most(self) -> int:
        """The widest V of all layers."""
        return max((layer.v_width for layer in self.layers), default=0)

    @property
    def weight_bytes(self) -> int:
        """All weights as stored, a tied embedding once."""
        once = self.output_bytes - (self.embedding_bytes if self.tied else 0)
        return self.embedding_bytes + once + sum(layer.weight_bytes for layer in self.layers)
