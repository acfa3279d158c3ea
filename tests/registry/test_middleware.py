"""Each request knows its actor and its day, and asks the database only when somebody looks."""

from datetime import date

from django.contrib.auth.models import AnonymousUser
from django.http import HttpRequest, HttpResponse
from django.template import Context, Template
from django.test import RequestFactory
from pytest_django import DjangoAssertNumQueries, Settings

from registry import appointments, clock
from registry.appointments import Actor
from registry.context import surroundings
from registry.middleware import ActorMiddleware
from registry.models import Region, Role
from tests.registry import places


def passed(user: object) -> HttpRequest:
    request = RequestFactory().get("/")
    request.user = user
    ActorMiddleware(lambda request: HttpResponse())(request)
    return request


def test_the_actor_is_found_once_and_on_use_only(
    country: dict[str, Region], django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    user = places.user()
    appointments.appoint(
        user, role=Role.VILLAGE_CLERK, region=country["village"], starts_on=date(2000, 1, 1), by=None
    )
    with django_assert_num_queries(0):
        request = passed(user)
        known = surroundings(request)
    with django_assert_num_queries(2):
        assert isinstance(request.actor, Actor)
        assert request.actor.on == request.today
    with django_assert_num_queries(0):
        assert request.actor.holds(Role.VILLAGE_CLERK, "990101001001")
        assert known["actor"].roles == (Role.VILLAGE_CLERK,)
        assert known["today"] == request.actor.on


def test_an_anonymous_request_has_an_actor_that_holds_nothing(db: None) -> None:
    actor = passed(AnonymousUser()).actor
    assert (actor.user_id, actor.holdings, actor.on) == (None, (), clock.today())


def test_a_template_shows_the_surroundings(country: dict[str, Region], settings: Settings) -> None:
    settings.DEMO, settings.SITE_NAME = True, "〔示例〕系统"
    user = places.user()
    appointments.appoint(
        user, role=Role.SUPERVISOR, region=country["county"], starts_on=date(2000, 1, 1), by=None
    )
    text = (
        "{{ site_name }}{% if demo %}演示{% endif %}"
        "{% for role in actor.roles %}{{ role.label }}{% endfor %} {{ today|date:'Y-m-d' }}"
    )
    shown = Template(text).render(Context(surroundings(passed(user))))
    assert shown == f"〔示例〕系统演示监督员（只读） {clock.today():%Y-%m-%d}"


def test_a_request_that_met_no_middleware_has_no_actor(db: None) -> None:
    known = surroundings(RequestFactory().get("/"))
    assert known["actor"] is None
    assert known["today"] == clock.today()
