"""One provider's signature is none of another's: only schemes that are the same by their makers' choice share requests."""

from collections.abc import Iterator

from hookline.errors import InvalidField
from hookline.model.provider import Algorithm, Provider
from hookline.receive.receiver import Choices, Receiver
from tests.catalog.provider_cases import PROVIDERS
from tests.receive.making import Case, proven_cases

ALIKE = (
    {"standard/v1", "svix/webhook", "gitlab/signing"},  # Standard Webhooks
    {"svix/svix", "clerk/svix"},  # Clerk sends with Svix
    {"github/sha256", "meta/signature"},  # X-Hub-Signature-256
    {"github/sha1", "intercom/signature"},  # X-Hub-Signature, as WebSub has it
    {"jira/signature", "bitbucket/signature"},  # X-Hub-Signature with SHA-256, as Atlassian has it
    {"basic/basic", "bitbucket/basic", "pipedrive/basic", "postmark/basic"},  # HTTP Basic
)
"""Of each set, every scheme accepts what is meant for another one, if both have the same secret."""

ONE_WAY = {
    ("monday/jwt", "jira/jwt"),  # Jira's token says nothing of the request; monday's is made for a URL
    # A secret that stands alone in the header Authorization:
    *(("auth0/token", other) for other in ("monday/static", "okta/token", "token/token")),
    *(("okta/token", other) for other in ("auth0/token", "monday/static", "token/token")),
    *(("monday/static", other) for other in ("auth0/token", "okta/token", "token/token")),
    ("token/token", "cloudevents/bearer"),  # with `Bearer ` before it, where the source says so
}
"""What the second accepts of the first."""


def schemes() -> Iterator[tuple[str, str, Provider]]:
    """Of every provider, as a source has it that says no more than it must."""
    for name, file in PROVIDERS.items():
        required = {key: rule.example for key, rule in file.parameters.items() if rule.required}
        made = file.provider(required, {})
        for scheme, rule in made.schemes.items():
            if rule.algorithm is not Algorithm.NONE:
                yield name, scheme, made


def accepts(made: Provider, scheme: str, case: Case) -> bool:
    """With the secrets of the sample's own provider. A secret that is of another form proves nothing."""
    try:
        receiver = Receiver(made, Choices(secrets=case.sample.secrets, schemes=(scheme,)))
    except InvalidField:
        return False
    return case.accepted_by(receiver)


def test_a_request_is_accepted_by_no_scheme_of_another_provider_but_those_that_are_the_same() -> None:
    shared = {
        (case.key, f"{name}/{scheme}")
        for case in proven_cases()
        for name, scheme, made in schemes()
        if name != case.provider and accepts(made, scheme, case)
    }
    alike = {(one, other) for group in ALIKE for one in group for other in group if one != other}
    assert sorted(shared) == sorted(alike | ONE_WAY)
