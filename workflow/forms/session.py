"""The form of signing in with a second factor."""

from django import forms


class CodeForm(forms.Form):
    """A one-time code as the telephone shows it."""

    code = forms.RegexField(
        r"^\s*\d{3}\s?\d{3}\s*$",
        label="验证码",
        help_text="手机验证器上显示的6位数字，每30秒换一次。",
        widget=forms.TextInput(
            attrs={"inputmode": "numeric", "autocomplete": "one-time-code", "autofocus": True}
        ),
        error_messages={"invalid": "验证码是6位数字。"},
    )

    def clean_code(self) -> str:
        return "".join(self.cleaned_data["code"].split())
