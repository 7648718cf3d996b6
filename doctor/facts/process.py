"""Facts about the server's process and files, where they can be read from here."""

import re
from typing import ClassVar

from doctor.facts.fact import Fact

# Default of --cache-ram in llama.cpp (0c1e57098), and in Ollama's runners since 0.30.
PROMPT_CACHE_MIB = 8192
TRUE = ("on", "enabled", "true", "1")  # of llama.cpp's variables (common/arg.cpp at b11549)


class ServerProcess(Fact, frozen=True, kw_only=True):
    """The process that listens on the target's port. Environment: an allow-list, no secrets."""

    pid: int
    name: str
    command: tuple[str, ...] = ()
    environment: dict[str, str] = {}
    environment_readable: bool = False
    rss_bytes: int | None = None
    private_bytes: int | None = None  # of it, what is no page of a file
    threads: int | None = None
    cpu_share: float | None = None
    listens_on: tuple[str, ...] = ()  # addresses of the listening socket(s), e.g. "127.0.0.1"
    children: tuple[tuple[str, ...], ...] = ()  # command lines of direct children (Ollama's llama-server)
    child_pids: tuple[int, ...] = ()  # all descendants
    user: str = ""
    folder: str = ""  # its working folder, where relative paths of its options begin
    tunnel: bool = False  # the port is forwarded from another machine (ssh, kubectl, ...): this process is no server
    memory_limit_bytes: int | None = None  # of the server's own cgroup, when below the RAM
    memory_limit_used_bytes: int | None = None
    oom_kills: int | None = None  # processes killed in that cgroup so far
    locked_bytes: int | None = None  # RAM locked by the server and its descendants
    lock_limit_bytes: int | None = None  # None: unlimited or unknown
    backends: tuple[str, ...] | None = None  # GPU libraries in memory: "cuda", "hip", "vulkan", ...; None: not known
    backends_beside: tuple[str, ...] = ()  # those that lie beside the program and are not in memory

    def option(self, *names: str) -> str | None:
        """Value of a command line option in any of its spellings (`-c 4096`, `--ctx-size=4096`), last one wins."""
        return _value(self.command, names)

    def option_anywhere(self, *names: str) -> str | None:
        """The same, also on the command lines of its children; a child's value wins: it does the work."""
        values = [_value(words, names) for words in (self.command, *self.children)]
        return next((value for value in reversed(values) if value is not None), None)

    def setting(self, variable: str, *names: str) -> str | None:
        """An option of the server or its children, or else the variable that does the same."""
        return self.option_anywhere(*names) or self.environment.get(variable)

    def switched_on(self, flag: str, variable: str) -> bool:
        """A switch of llama-server: its flag or `--no-` flag, the last one wins, or else its variable."""
        words = [word for word in self.command if word in (flag, f"--no-{flag.removeprefix('--')}")]
        return words[-1] == flag if words else self.environment.get(variable, "").lower() in TRUE

    @property
    def is_llama_server(self) -> bool:
        """Whether it is llama-server itself, so that its options are the server's; an interpreter may run it."""
        names = [re.split(r"[/\\]", word)[-1].lower().removesuffix(".exe") for word in self.command[:3]]
        named = any(name.rpartition(".")[2].replace("_", "-") == "llama-server" for name in names)
        return named or any("llama" in word for word in self.command[:2])

    @property
    def prompt_cache_mib(self) -> int | None:
        """What llama.cpp's cache of old prompts may take in RAM: -1 without a limit, None where it is not known."""
        given = self.setting("LLAMA_ARG_CACHE_RAM", "-cram", "--cache-ram")
        if given is None:
            return PROMPT_CACHE_MIB if self.environment_readable else None
        return int(given) if given.removeprefix("-").isdigit() else PROMPT_CACHE_MIB

    def has(self, *names: str) -> bool:
        """Whether one of these flags is on the command line."""
        return any(word in names for word in self.command)


def _value(words: tuple[str, ...], names: tuple[str, ...]) -> str | None:
    found = None
    for index, word in enumerate(words):
        for name in names:
            if word == name:
                found = words[index + 1] if index + 1 < len(words) else ""
            elif word.startswith(name + "="):
                found = word[len(name) + 1 :]
    return found


class FileHealth(Fact, frozen=True, kw_only=True):
    """What a bounded look at the model's own file says."""

    END_IDS: ClassVar[tuple[str, ...]] = (  # keys of a header that name an end token: of the text, a turn, a message
        "tokenizer.ggml.eos_token_id",
        "tokenizer.ggml.eot_token_id",
        "tokenizer.ggml.eom_token_id",
    )

    path: str
    size_bytes: int
    problem: str = ""  # "", "truncated", "not-a-gguf", "git-lfs-pointer", "unreadable-header"
    detail: str = ""
    tensors_checked: int = 0
    bad_tensors: tuple[str, ...] = ()  # names of tensors that hold NaN or infinity
    sampled_bytes: int = 0  # of the matrices
    holes: tuple[str, ...] = ()  # names of matrices with a stretch of zeros
    wild_scales: tuple[str, ...] = ()  # names of matrices with a block whose scale is absurd
    chat_template: str | None = None  # the template stored in the file; None when the file has none
    end_tokens: tuple[str, ...] = ()  # that the file names, as its vocabulary spells them: of the text first, of a turn
    bits_per_weight: float | None = None
