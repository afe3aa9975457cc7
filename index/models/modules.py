"""The modules of a sentence-transformers model, and one torch module of all."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Final

from nutgraf.index.errors import EncoderError

__all__ = ["begins_with_pooling", "join", "pooling_mode"]

_BEGINNING: Final = ("Transformer", "Pooling")
_POOLINGS: Final = ("mean", "cls")


def begins_with_pooling(modules: Sequence[Any]) -> bool:
    """Return whether the first modules are a transformer and a pooling."""
    return _kinds(modules[:2]) == list(_BEGINNING)


def pooling_mode(modules: Sequence[Any], name: str, *, prompts: bool = False) -> str:
    """Return the pooling mode of the model called `name`: mean or cls.

    `prompts` tells whether the model puts prompts before texts. Raises EncoderError if
    the modules are not supported.
    """
    if not begins_with_pooling(modules):
        raise EncoderError(
            f"{name} cannot be exported: its modules are {', '.join(_kinds(modules))}, and only "
            f"models that begin with the modules {', '.join(_BEGINNING)} are supported; choose "
            "another model"
        )
    settings = modules[1].get_config_dict()
    # Before version 5, sentence-transformers had one switch per mode.
    modes = settings.get("pooling_mode") or [
        mode
        for mode, switch in (
            ("cls", "pooling_mode_cls_token"),
            ("mean", "pooling_mode_mean_tokens"),
        )
        if settings.get(switch)
    ]
    mode = modes if isinstance(modes, str) else "+".join(modes)
    if mode not in _POOLINGS:
        raise EncoderError(
            f"{name} cannot be exported: it pools by {mode or 'an unknown mode'!r}, and only "
            f"{' and '.join(_POOLINGS)} are supported; choose another model"
        )
    if prompts and not settings.get("include_prompt", True):
        raise EncoderError(
            f"{name} cannot be exported: it excludes its prompts from the pooling, which is not "
            "supported; choose another model"
        )
    return mode


def join(
    modules: Sequence[Any], inputs: Sequence[str], pooling: str, output: Callable[[Any], Any]
) -> Any:
    """Return all modules as one torch module, from tokens to an output.

    `inputs` names the inputs in the order of the arguments. `output` gets the features
    after the last module, a mapping of names to tensors, and returns a tensor.
    """
    import torch

    class Joined(torch.nn.Module):  # type: ignore[misc]
        def __init__(self) -> None:
            super().__init__()
            self.transformer = modules[0].auto_model
            # The modules after pooling: Dense, LayerNorm, Normalize.
            self.rest = torch.nn.ModuleList(modules[2:])

        def forward(self, *tensors: Any) -> Any:
            given = dict(zip(inputs, tensors, strict=True))
            tokens = self.transformer(**given, return_dict=False)[0]
            pooled = _pool(tokens, given["attention_mask"], pooling)
            features = {**given, "token_embeddings": tokens, "sentence_embedding": pooled}
            for module in self.rest:
                features = module(features)
            return output(features)

    return Joined().eval()


def _kinds(modules: Sequence[Any]) -> list[str]:
    return [type(module).__name__ for module in modules]


def _pool(tokens: Any, attention_mask: Any, pooling: str) -> Any:
    """Return one vector per text, computed from the vectors of its tokens.

    `tokens` has shape (batch, sequence, dimension), the result (batch, dimension).
    The padding is at the end of each text.
    """
    if pooling == "cls":
        return tokens[:, 0]
    mask = attention_mask.unsqueeze(-1).to(tokens.dtype)
    return (tokens * mask).sum(1) / mask.sum(1).clamp(min=1e-9)
