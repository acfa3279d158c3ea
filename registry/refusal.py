"""The base of every refusal: an exception that carries the sentence a person reads."""


class Refused(Exception):
    """Raised by a verb or a rule that says no. `sentence` is Chinese, complete, and shown as it is."""

    def __init__(self, sentence: str) -> None:
        super().__init__(sentence)
        self.sentence = sentence
