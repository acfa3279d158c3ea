"""Messages are looked at here; the outbox writes them."""

from django.contrib import admin

from notifications.models import Message
from registry.admin import ReadOnly


@admin.register(Message)
class MessageAdmin(ReadOnly, admin.ModelAdmin):
    list_display = ["created_at", "event", "recipient", "channel", "state", "attempts"]
    list_filter = ["state", "channel", "event"]
