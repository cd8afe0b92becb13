"""`hookline completion`."""

from typing import Annotated, Literal

from cyclopts import Parameter

from hookline.cli.parser import build


def completion(
    shell: Annotated[
        Literal["bash", "zsh", "fish", "powershell"], Parameter(name="SHELL", help="For which.")
    ],
    /,
) -> None:
    """Print a completion script for a shell.

    For example:

        hookline completion bash > ~/.local/share/bash-completion/completions/hookline
        hookline completion zsh > ~/.zfunc/_hookline
        hookline completion fish > ~/.config/fish/completions/hookline.fish
    """
    print(build(()).generate_completion(prog_name="hookline", shell=shell))
