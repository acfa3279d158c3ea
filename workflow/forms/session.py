"""The forms of signing in: with the password, and with the second factor."""

from django import forms
from django.contrib.auth.forms import AuthenticationForm
from django.core.exceptions import ValidationError


class SignInForm(AuthenticationForm):
    """Name and password. What is wrong is never said: neither whether the name exists, nor whether it is locked."""

    error_messages = {
        "invalid_login": "用户名或密码不对，请重新输入。连续输错5次，要等几分钟才能再试。",
        "locked": "从这里输错的次数较多，请15分钟后再试；急用请联系系统管理员解除锁定。",
        "inactive": "用户名或密码不对，请重新输入。连续输错5次，要等几分钟才能再试。",
    }

    @property
    def is_locked(self) -> bool:
        """Whether this try was not looked at, or was the one too many."""
        return bool(getattr(self.request, "axes_locked_out", False))

    def get_invalid_login_error(self) -> ValidationError:
        code = "locked" if self.is_locked else "invalid_login"
        return ValidationError(self.error_messages[code], code=code)


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
