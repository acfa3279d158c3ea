"""All addresses of the site: the desk for staff, the public board, the administration."""

from django.contrib import admin
from django.urls import include, path

urlpatterns = [
    path("admin/", admin.site.urls),
    path("", include("workflow.urls")),
]
