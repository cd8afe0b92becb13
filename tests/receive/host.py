"""Stands for the hosts of providers: it writes down what is asked of them, and answers what the test says."""

import asyncio

from hookline.model.attempt import Exchange
from hookline.net.client import Request


class Host:
    """It answers when `open` is set, as it is at first."""

    def __init__(self, answer: Exchange) -> None:
        self.answer = answer
        self.open = asyncio.Event()
        self.open.set()
        self.asked: list[Request] = []

    async def send(self, request: Request) -> Exchange:
        self.asked.append(request)
        await self.open.wait()
        return self.answer
