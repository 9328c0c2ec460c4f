"""The backend that asks an endpoint of the OpenAI chat protocol. Retrying for transport is here."""

import json
import os

import openai
from openai.types.chat import ChatCompletion, ChatCompletionMessageParam
from openai.types.chat.chat_completion import Choice

from persona_assets.personas.backends import AnswerError, EndpointError, Request, Usage
from persona_assets.recipe import Writer


class OpenAIBackend:
    """Any endpoint of the OpenAI chat protocol, held to the step's JSON schema."""

    name = "openai"

    def __init__(self, writer: Writer, seed: int) -> None:
        self.model = writer.model
        self.usage = Usage()
        self._writer = writer
        self._seed = seed
        # Local servers want no key, but the client wants a text.
        key = os.environ.get(writer.api_key_env) or "none"
        self._client = openai.AsyncOpenAI(base_url=writer.base_url, api_key=key, max_retries=6)

    async def answer(self, request: Request) -> str:
        """Ask the endpoint once; its client retries refused and broken connections."""
        try:
            completion = await self._client.chat.completions.create(
                model=self.model,
                messages=_messages(request),
                temperature=self._writer.temperature,
                max_tokens=self._writer.max_tokens,
                seed=(self._seed + request.attempt) % 2**31,
                response_format={
                    "type": "json_schema",
                    "json_schema": {
                        "name": request.step,
                        "strict": True,
                        "schema": request.model.model_json_schema(),
                    },
                },
            )
        except (openai.RateLimitError, openai.InternalServerError, openai.APITimeoutError) as error:
            raise AnswerError("endpoint", f"the endpoint gave up: {_describe(error)}") from None
        except openai.APIConnectionError:
            raise EndpointError(
                f"cannot reach {self._writer.base_url}; start the server or correct "
                "writer.base_url in the recipe"
            ) from None
        except openai.APIStatusError as error:
            # The body may repeat the key or the prompt: only the status leaves this function.
            raise EndpointError(
                f"{self._writer.base_url} answered {_describe(error)} for model '{self.model}'; "
                f"check writer.model and the key in {self._writer.api_key_env}"
            ) from None
        except json.JSONDecodeError:
            raise AnswerError("endpoint", "the endpoint sent no completion") from None
        self.usage.calls += 1
        choice = _first_choice(completion)
        if completion.usage:
            self.usage.prompt_tokens += completion.usage.prompt_tokens
            self.usage.completion_tokens += completion.usage.completion_tokens
        if choice.message.refusal:
            raise AnswerError("refused", "the model refused")
        if choice.finish_reason == "length":
            raise AnswerError("truncated", "the answer was cut off at writer.max_tokens")
        return choice.message.content or ""

    async def close(self) -> None:
        """Close the client's connections."""
        await self._client.close()


def _first_choice(completion: ChatCompletion) -> Choice:
    """Return the answer; proxies report trouble, or send a page, with status 200."""
    choices = getattr(completion, "choices", None)
    if not choices or choices[0].message is None:
        raise AnswerError("endpoint", "the endpoint sent no completion")
    choice: Choice = choices[0]
    return choice


def _messages(request: Request) -> list[ChatCompletionMessageParam]:
    messages: list[ChatCompletionMessageParam] = [
        {"role": "system", "content": request.system},
        {"role": "user", "content": request.user},
    ]
    if request.complaints:
        messages.append({"role": "assistant", "content": request.last_answer or ""})
        complaints = "\n".join(f"- {complaint}" for complaint in request.complaints)
        messages.append(
            {
                "role": "user",
                "content": f"次の点を直して、全体をもう一度書いてください。\n{complaints}",
            }
        )
    return messages


def _describe(error: openai.APIError) -> str:
    status = getattr(error, "status_code", None)
    return f"{type(error).__name__} ({status})" if status else type(error).__name__
