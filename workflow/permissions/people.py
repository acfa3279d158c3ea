"""Who may see and keep what stands behind the cases: the register, programmes, notices, wordings, logins, ties."""

from collections.abc import Iterable

from django.db.models import Q

from registry.appointments import Actor
from registry.models import Appointment, Household, Interest, Region, RegionLevel, Role, User
from workflow.permissions.verdicts import YES, Verdict, no_interest
from workflow.steps import LEVEL_ROLE


def may_see_numbers(actor: Actor, household: Household) -> Verdict:
    """Whether the person may see full ID numbers, cards and telephones of a household: who decides on its cases."""
    if not any(actor.holds(role, household.village.code) for role in LEVEL_ROLE.values()):
        return Verdict(False, "完整号码只对当地的经办人开放，您没有这项任职。")
    return no_interest(actor, household.pk)


def may_export_numbers(actor: Actor, region_code: str) -> Verdict:
    """Whether full numbers of a region's households may leave in one file: the district, which pays."""
    if actor.holds(Role.DISTRICT_APPROVER, region_code):
        return YES
    return Verdict(
        False, f"完整号码由{Role.DISTRICT_APPROVER.label}导出，您没有这项任职；请导出只显示一部分的名册。"
    )


def audited_prefixes(actor: Actor) -> tuple[str, ...]:
    """The regions whose records of personal data the person may look through."""
    return actor.prefixes(Role.SUPERVISOR, Role.ADMINISTRATOR)


def may_audit_disclosures(actor: Actor) -> Verdict:
    """Whether the person may look through the records of personal data: supervisors and administrators."""
    if audited_prefixes(actor):
        return YES
    return Verdict(False, "个人信息记录由监督员和系统管理员查看，您没有这项任职。")


def may_remove(actor: Actor, household: Household) -> Verdict:
    """Whether the person may remove a household's personal data by a decision: an administrator over its village."""
    if household.pk in actor.interests:
        return Verdict(False, "这是您本人家庭或近亲属家庭，请由其他管理员办理。")
    if actor.holds(Role.ADMINISTRATOR, household.village.code):
        return YES
    return Verdict(False, f"个人信息由{Role.ADMINISTRATOR.label}凭决定删除，您没有这项任职。")


def may_keep_programmes(actor: Actor, region: Region) -> Verdict:
    """Whether the person may lay down programmes of this region, change them, and add versions."""
    if actor.holds(Role.ADMINISTRATOR, region.code):
        return YES
    return Verdict(False, f"补贴项目由当地的{Role.ADMINISTRATOR.label}维护，您没有这项任职。")


def may_keep_households(actor: Actor, village: Region) -> Verdict:
    """Whether the person may register households and people of this village from a list (户籍)."""
    if actor.holds(Role.ADMINISTRATOR, village.code):
        return YES
    return Verdict(False, f"户和成员由当地的{Role.ADMINISTRATOR.label}登记，您没有这项任职。")


def may_change_household(actor: Actor, household: Household) -> Verdict:
    """Whether the person may change what is registered of a household: never the own one or a declared relative's."""
    if household.pk in actor.interests:
        return Verdict(False, "这是您本人家庭或近亲属家庭，登记内容请由其他管理员修改。")
    return may_keep_households(actor, household.village)


def _administers_a_county(actor: Actor) -> bool:
    """Whether the person administers a county or more: what holds everywhere is not a village's to change."""
    return any(len(prefix) <= RegionLevel.COUNTY.digits for prefix in actor.prefixes(Role.ADMINISTRATOR))


def may_enter_notice(actor: Actor) -> Verdict:
    """Whether the person may enter a year's holiday notice: it moves dates everywhere (节假日通知)."""
    if _administers_a_county(actor):
        return YES
    return Verdict(False, "节假日通知由区县以上的系统管理员录入，您没有这项任职。")


def may_operate(actor: Actor) -> Verdict:
    """Whether the person may see how the system runs and send again what failed: messages of all places stand there."""
    if actor.keeps_the_system:
        return YES
    return Verdict(False, "运行状况由县级及以上的系统管理员查看和处理，您没有这项任职。")


def may_change_wording(actor: Actor) -> Verdict:
    """Whether the person may word the templates of sheets and messages: an administrator (管理员)."""
    if _administers_a_county(actor):
        return YES
    return Verdict(False, "公示模板和消息模板由区县以上的系统管理员维护，您没有这项任职。")


def may_keep_accounts(actor: Actor) -> Verdict:
    """Whether the person may keep logins at all: an administrator (系统管理员)."""
    if Role.ADMINISTRATOR in actor.roles:
        return YES
    return Verdict(False, "账号由系统管理员管理，您没有这项任职。")


def may_keep_account(actor: Actor, person: User, *, codes: Iterable[str] | None = None) -> Verdict:
    """Whether the person may reset, lock out, or let in again the holder of a login.

    All that the holder holds, today or later, lies in the administrator's regions: nobody takes over a login that
    reaches further than the own. Nor the own one, where nobody else would see it. `codes` are the regions of those
    appointments, where they were read already.
    """
    verdict = may_keep_accounts(actor)
    if not verdict:
        return verdict
    if person.pk == actor.user_id:
        return Verdict(False, "自己的账号请由其他管理员办理；密码请在“密码”页面修改。")
    if person.is_superuser and not getattr(actor.user, "is_superuser", False):
        return Verdict(False, "该账号可以进入全部后台，只能由同样的账号办理。")
    if codes is None:
        lasting = Q(ends_on__isnull=True) | Q(ends_on__gte=actor.on)
        held = Appointment.objects.filter(lasting, user_id=person.pk)
        codes = held.order_by().values_list("region__code", flat=True)
    if all(actor.holds(Role.ADMINISTRATOR, code) for code in codes):
        return YES
    return Verdict(False, "该账号在您管辖的区划以外还有任职，请由上级管理员办理。")


def may_declare_interest(actor: Actor, person: User) -> Verdict:
    """Whether the person may declare a tie: whoever is appointed their own, an administrator those of a login they keep."""
    if person.pk == actor.user_id and actor.holdings:
        return YES
    return may_keep_account(actor, person)


def may_withdraw_interest(actor: Actor, interest: Interest) -> Verdict:
    """Whether the person may withdraw a tie: an administrator over the household who keeps the login, never its holder."""
    if interest.user_id == actor.user_id:
        return Verdict(False, "自己的申报不能自己撤销，请由其他管理员核实后撤销。")
    if interest.household_id in actor.interests:
        return Verdict(False, "这是您本人家庭或近亲属家庭，请由其他管理员办理。")
    if not actor.holds(Role.ADMINISTRATOR, interest.household.village.code):
        return Verdict(False, "撤销申报由这一户所在地的系统管理员办理，您没有这项任职。")
    return may_keep_account(actor, interest.user)
