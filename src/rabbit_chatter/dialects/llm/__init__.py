"""A language model behind any endpoint that speaks OpenAI's chat-completions API, such as Ollama or vLLM.

It may be slow, cost money, and die: so there are a deadline with retries, a budget per hour, and a circuit
breaker; whenever one of them says no, another dialect answers and the chat goes on.
"""

from rabbit_chatter.dialects.llm.dialect import Llm

__all__ = ["Llm"]
