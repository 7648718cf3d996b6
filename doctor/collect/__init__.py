"""How each fact is obtained: one source a file, imported when its fact is first asked for."""

import importlib
from collections.abc import Mapping
from types import ModuleType
from typing import TYPE_CHECKING

from doctor import facts
from doctor.facts import Fact

if TYPE_CHECKING:  # asyncio, which reading a file does not need
    from doctor.context import Collector, Context

_read: dict[str, ModuleType] = {}
# Fact type -> module and function. Strings, so that a passive run never imports what only a probe needs.
HOST: Mapping[type[Fact], str] = {
    facts.System: "doctor.collect.host:collect_system",
    facts.Memory: "doctor.collect.host:collect_memory",
    facts.Swapping: "doctor.collect.host:collect_swapping",
    facts.Environment: "doctor.collect.host:collect_environment",
    facts.Shell: "doctor.collect.shell:collect_shell",
    facts.Cpu: "doctor.collect.cpu:collect_cpu",
    facts.CpuLoad: "doctor.collect.cpu:collect_cpu_load",
    facts.Bandwidth: "doctor.collect.bandwidth:collect_bandwidth",
    facts.Gpus: "doctor.collect.gpu:collect_gpus",
}
TARGET: Mapping[type[Fact], str] = {
    facts.Reach: "doctor.collect.reach:collect_reach",
    facts.Elsewhere: "doctor.collect.reach:collect_elsewhere",
    facts.ProxyTrial: "doctor.collect.reach:collect_proxy_trial",
    facts.Identity: "doctor.runtimes.identify:collect_identity",
    facts.ServerProcess: "doctor.collect.process:collect_server_process",
    facts.Launch: "doctor.collect.launch:collect_launch",
    facts.GpusAtWork: "doctor.collect.gpu.at_work:collect_gpus_at_work",
    facts.DecodeBound: "doctor.collect.decode_bound:collect_decode_bound",
    facts.Footprint: "doctor.collect.footprint:collect_footprint",
    facts.KvCache: "doctor.collect.kv_cache:collect_kv_cache",
    facts.FileHealth: "doctor.collect.model_file:collect_file_health",
    facts.WarmUp: "doctor.collect.probes.warm_up:collect_warm_up",
    facts.Echo: "doctor.collect.probes.echo:collect_echo",
    facts.ControlAnswers: "doctor.collect.probes.control:collect_control_answers",
    facts.ListAnswer: "doctor.collect.probes.listing:collect_list_answer",
    facts.SystemRole: "doctor.collect.probes.system_role:collect_system_role",
    facts.RoleShapes: "doctor.collect.probes.role_shapes:collect_role_shapes",
    facts.Thinking: "doctor.collect.probes.thinking:collect_thinking",
    facts.DecodeSpeed: "doctor.collect.probes.decode_speed:collect_decode_speed",
    facts.CacheReuse: "doctor.collect.probes.cache_reuse:collect_cache_reuse",
    facts.PromptAccounting: "doctor.collect.probes.accounting:collect_prompt_accounting",
    facts.CanaryText: "doctor.collect.probes.canary:collect_canary",
    facts.AnswerDefaults: "doctor.collect.answer_defaults:collect_answer_defaults",
    facts.Abilities: "doctor.collect.probes.abilities:collect_abilities",
    facts.CrossOrigin: "doctor.collect.cross_origin:collect_cross_origin",
    facts.ApiAnswer: "doctor.collect.still_there:collect_api_answer",
    facts.StillThere: "doctor.collect.still_there:collect_still_there",
    facts.TextScale: "doctor.collect.probes.accounting:collect_text_scale",
    facts.TokenTrips: "doctor.collect.token_trips:collect_token_trips",
    facts.Repeated: "doctor.collect.probes.repeated:collect_repeated",
    facts.DefaultSampling: "doctor.collect.probes.default_sampling:collect_default_sampling",
    facts.CpuControl: "doctor.collect.probes.cpu_control:collect_cpu_control",
    facts.RawText: "doctor.collect.probes.raw_control:collect_raw_text",
    facts.ThinkingOn: "doctor.collect.probes.thinking_on:collect_thinking_on",
    facts.DepthSweep: "doctor.collect.probes.depth_sweep:collect_depth_sweep",
    facts.Routes: "doctor.collect.probes.routes:collect_routes",
    facts.WindowEnd: "doctor.collect.probes.window_end:collect_window_end",
    facts.Passages: "doctor.collect.probes.passages:collect_passages",
    facts.ParallelRequests: "doctor.collect.probes.parallel_requests:collect_parallel_requests",
    facts.SustainedSpeed: "doctor.collect.probes.sustained_speed:collect_sustained_speed",
    facts.Turns: "doctor.collect.probes.turns:collect_turns",
    facts.CopiedLines: "doctor.collect.probes.copied_lines:collect_copied_lines",
    facts.ToolAnswer: "doctor.collect.probes.tool_call:collect_tool_answer",
    facts.LostCall: "doctor.collect.probes.tool_prompt:collect_lost_call",
    facts.ToolStream: "doctor.collect.probes.tool_stream:collect_tool_stream",
    facts.ToolWindow: "doctor.collect.probes.tool_window:collect_tool_window",
    facts.ToolPrompt: "doctor.collect.probes.tool_prompt:collect_tool_prompt",
    facts.ToolResult: "doctor.collect.probes.tool_result:collect_tool_result",
    facts.ToolChoice: "doctor.collect.probes.tool_choice:collect_tool_choice",
    facts.SchemaAnswer: "doctor.collect.probes.schema:collect_schema_answer",
    facts.Embeddings: "doctor.collect.probes.embeddings:collect_embeddings",
    facts.MiniRetrieval: "doctor.collect.probes.mini_retrieval:collect_mini_retrieval",
    facts.Grounding: "doctor.collect.probes.grounding:collect_grounding",
    facts.EmbeddingTruncation: "doctor.collect.probes.embedding_truncation:collect_embedding_truncation",
}
# Of an open index; what they do not say is asked of its embedder.
INDEX: Mapping[type[Fact], str] = {
    facts.Index: "doctor.collect.index.state:collect_index",
    facts.IndexVectors: "doctor.collect.index.vectors:collect_index_vectors",
    facts.IndexChunks: "doctor.collect.index.chunks:collect_index_chunks",
    facts.SourceFiles: "doctor.collect.index.files:collect_source_files",
    facts.FilterTrial: "doctor.collect.index.filters:collect_filter_trial",
    facts.Reembedding: "doctor.collect.index.reembedding:collect_reembedding",
    facts.Answering: "doctor.collect.index.answering:collect_answering",
    facts.EndToEnd: "doctor.collect.index.end_to_end:collect_end_to_end",
    facts.KnownItems: "doctor.collect.index.known_items:collect_known_items",
}


def index_collectors() -> "dict[type[Fact], Collector]":
    """Collectors of an index's facts, each once a collection."""
    return {kind: _late(path) for kind, path in INDEX.items()}


def host_collectors() -> "dict[type[Fact], Collector]":
    """Collectors of the machine's facts, each once a run."""
    return {kind: _late(path) for kind, path in HOST.items()}


def target_collectors() -> "dict[type[Fact], Collector]":
    """Collectors of a server's facts, each once a target; what its adapter can say is included."""
    from doctor.runtimes import TARGET_FACTS

    return {kind: _late(path) for kind, path in TARGET.items()} | dict(TARGET_FACTS)


def _late(path: str) -> "Collector":
    """A collector that imports its module when it is first called."""
    module, function = path.split(":")

    async def collect(context: "Context") -> Fact:
        if module not in _read:  # this may take longer than a loop that draws a screen can wait
            import asyncio

            _read[module] = await asyncio.to_thread(importlib.import_module, module)
        found: Fact = await getattr(_read[module], function)(context)
        return found

    return collect
