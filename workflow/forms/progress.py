"""The household's question how far its application is (进度查询): the code on its slip, and the applicant's name."""

from django import forms

from registry.codes import as_stored


class ProgressForm(forms.Form):
    code = forms.CharField(
        label="查询码",
        max_length=40,
        help_text="印在村里交给您的凭条上，12位字母和数字，不分大小写，横线可以不写。",
        widget=forms.TextInput(attrs={"autocomplete": "off", "autocapitalize": "characters"}),
        error_messages={"required": "请填写查询码。", "max_length": "查询码是12位字母和数字，请核对。"},
    )
    name = forms.CharField(
        label="申请人姓名",
        max_length=50,
        help_text="户主、申请对象或者收款人的姓名。",
        widget=forms.TextInput(attrs={"autocomplete": "name"}),
        error_messages={"required": "请填写申请人姓名。", "max_length": "姓名请控制在50个字以内。"},
    )

    @property
    def typed_code(self) -> str:
        """The code as it is stored."""
        return as_stored(self.cleaned_data["code"])
