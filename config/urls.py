"""All addresses of the site: the desk for staff, the public board, the administration."""

from django.contrib import admin
from django.urls import include, path
from django.views.generic import RedirectView

urlpatterns = [
    # One way in and one page for the password: Django's own know neither the initial password nor the second factor.
    path("admin/login/", RedirectView.as_view(pattern_name="login")),
    path("admin/password_change/", RedirectView.as_view(pattern_name="password")),
    path("admin/", admin.site.urls),
    path("", include("workflow.urls")),
]
