"""Settings, all of them from the environment, with defaults that run on one machine with nothing installed.

Names of the variables and their defaults are listed in the README.
"""

from pathlib import Path

import environ

BASE_DIR = Path(__file__).resolve().parent.parent
env = environ.Env()

VAR_DIR = Path(env.str("VAR_DIR", default=str(BASE_DIR / "var")))
DEMO = env.bool("DEMO", default=False)
DEBUG = env.bool("DEBUG", default=False)


def _secret_key() -> str:
    """The signing key: from the environment, else from the file that `make run` wrote with mode 600."""
    given = env.str("SECRET_KEY", default="")
    if given:
        return given
    kept = VAR_DIR / "secret_key"
    return kept.read_text(encoding="utf-8").strip() if kept.exists() else ""


SECRET_KEY = _secret_key()
SENSITIVE_KEY_FILE = Path(env.str("SENSITIVE_KEY_FILE", default=str(VAR_DIR / "sensitive_keys.json")))
ALLOWED_HOSTS = env.list("ALLOWED_HOSTS", default=["127.0.0.1", "localhost", "[::1]"])
CSRF_TRUSTED_ORIGINS = env.list("CSRF_TRUSTED_ORIGINS", default=[])

INSTALLED_APPS = [
    "registry",
    "applications",
    "notifications",
    "viewflow",
    "viewflow.workflow",
    "workflow",
    "django_htmx",
    "csp",
    "django_otp",
    "django_otp.plugins.otp_totp",
    "axes",
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "whitenoise.runserver_nostatic",
    "config.served.ServedFiles",
]

MIDDLEWARE = [
    "registry.middleware.TraceMiddleware",
    "django.middleware.security.SecurityMiddleware",
    "csp.middleware.CSPMiddleware",
    "registry.middleware.PermissionsPolicy",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "registry.middleware.RefusedAccess",
    "registry.upload_limits.BodyLimit",
    "registry.sessions.SessionLimits",
    "registry.middleware.KeptByNobody",
    "django_otp.middleware.OTPMiddleware",
    "registry.middleware.OwnPasswordFirst",
    "registry.middleware.ActorMiddleware",
    "registry.factor.SecondFactorMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "registry.middleware.ReadOrPost",
    "django_htmx.middleware.HtmxMiddleware",
    "axes.middleware.AxesMiddleware",
]

ROOT_URLCONF = "config.urls"
WSGI_APPLICATION = "config.wsgi.application"
ASGI_APPLICATION = "config.asgi.application"
AUTH_USER_MODEL = "registry.User"
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
LOGIN_URL = "login"
LOGIN_REDIRECT_URL = "desk"
LOGOUT_REDIRECT_URL = "login"

TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "registry.context.surroundings",
                "notifications.context.unread",
            ],
        },
    },
]

DATABASES = {"default": env.db_url("DATABASE_URL", default=f"sqlite:///{VAR_DIR / 'db.sqlite3'}")}
# Verbs open their own durable block: an outer transaction per request would hide a forgotten one.
DATABASES["default"]["ATOMIC_REQUESTS"] = False
if DATABASES["default"]["ENGINE"].endswith("sqlite3"):
    # IMMEDIATE: in deferred mode 21-71 % of contending requests fail at once with "database is locked".
    # DELETE journal by default: SQLite before 3.51.3 can, rarely, corrupt a WAL database with two writers.
    journal = env.str("SQLITE_JOURNAL_MODE", default="DELETE")
    DATABASES["default"]["OPTIONS"] = {
        "timeout": 20,
        "transaction_mode": "IMMEDIATE",
        "init_command": f"PRAGMA synchronous=FULL; PRAGMA journal_mode={journal};",
    }
else:
    DATABASES["default"]["CONN_MAX_AGE"] = env.int("CONN_MAX_AGE", default=60)
    DATABASES["default"]["CONN_HEALTH_CHECKS"] = True
    # Questions are short here: compiling one (JIT) took up to 0.4 s, and a third of the suite's whole time.
    given = DATABASES["default"].setdefault("OPTIONS", {})
    given["options"] = f"-c jit=off {given.get('options', '')}".strip()

PASSWORD_HASHERS = [
    "django.contrib.auth.hashers.Argon2PasswordHasher",
    "django.contrib.auth.hashers.PBKDF2PasswordHasher",
]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator"},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
    {"NAME": "django.contrib.auth.password_validation.NumericPasswordValidator"},
]
# GB/T 22239 8.1.4.1 a wants composition, ASVS 5 6.2.5 forbids it: a buyer who is assessed by the first sets dengbao.
# The same line of it wants a new password every 90 days and none of the last ones again, which ASVS 5 6.2.10 forbids.
PASSWORD_PROFILE = env.str("PASSWORD_PROFILE", default="dengbao")
DENGBAO = PASSWORD_PROFILE == "dengbao"
if DENGBAO:
    AUTH_PASSWORD_VALIDATORS += [
        {"NAME": "registry.passwords.ThreeOfFourClasses"},
        {"NAME": "registry.passwords.NotOneOfTheLastFive"},
    ]
# Days after which a password must be changed, 0 for never. In a demo years pass by command.
PASSWORD_DAYS = env.int("PASSWORD_DAYS", default=90 if DENGBAO and not DEMO else 0)

# Wrong passwords (django-axes) are counted in the database, which all web processes share. `registry.lockout` says
# for how long they lock what.
AUTHENTICATION_BACKENDS = ["axes.backends.AxesStandaloneBackend", "notifications.arrivals.InboxBackend"]
AXES_HANDLER = "registry.lockout.Handler"
AXES_CLIENT_IP_CALLABLE = "registry.lockout.network"
AXES_LOCKOUT_CALLABLE = "registry.lockout.own_page"
AXES_LOCKOUT_PARAMETERS = [["username", "ip_address"]]
AXES_FAILURE_LIMIT = 5
AXES_COOLOFF_TIME = 24
AXES_RESET_ON_SUCCESS = True
AXES_RESET_COOL_OFF_ON_FAILURE_DURING_LOCKOUT = False
AXES_ENABLE_ACCESS_FAILURE_LOG = True
# All failures are kept as long as LOG_DAYS says; by itself axes forgets a person's beyond the thousandth.
AXES_ACCESS_FAILURE_LOG_PER_USER_LIMIT = None
AXES_ENABLE_ADMIN = False
AXES_VERBOSE = False
AXES_SENSITIVE_PARAMETERS = ["username", "ip_address", "csrfmiddlewaretoken"]
# So many different names with wrong passwords from one network in a quarter of an hour are somebody going through a
# list; an office where more people sit behind one address sets it higher.
LOGIN_SPRAY_NAMES = env.int("LOGIN_SPRAY_NAMES", default=20)
# A password that was given and not changed within so many days lets nobody in any more.
INITIAL_PASSWORD_DAYS = env.int("INITIAL_PASSWORD_DAYS", default=7)

# A sheet that hangs is registered within so many working days: the public board shows its list from then on only.
DISPLAY_REGISTERED_WITHIN = env.int("DISPLAY_REGISTERED_WITHIN", default=1)

# A one-time code beside the password (TOTP). A demo has open logins on the loopback: there it would only be in the way.
SECOND_FACTOR = env.bool("SECOND_FACTOR", default=not DEMO)
SECOND_FACTOR_ROLES = env.list("SECOND_FACTOR_ROLES", default=["district_approver", "administrator"])
# Minutes for which a code is good for a batch of final approvals and for full numbers in a file; 0 asks for none anew.
STEP_UP_SECONDS = 60 * env.int("STEP_UP_MINUTES", default=5)
OTP_TOTP_ISSUER = "到户项目申报审批系统"
OTP_ADMIN_HIDE_SENSITIVE_DATA = True

LANGUAGE_CODE = "zh-hans"
TIME_ZONE = "Asia/Shanghai"
USE_I18N = True
USE_TZ = True
LOCALE_PATHS = [BASE_DIR / "locale"]

STATIC_URL = "/static/"
STATIC_ROOT = VAR_DIR / "static"
STATICFILES_DIRS = [BASE_DIR / "static"]
MEDIA_ROOT = VAR_DIR / "media"
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {"BACKEND": "whitenoise.storage.CompressedManifestStaticFilesStorage"},
}
# Only counts of the public pages live here, never a truth: a folder shared by the web processes of one machine, or
# Redis (CACHE_URL=redis://…) where several machines serve.
CACHES = {"default": env.cache_url("CACHE_URL", default=f"filecache://{VAR_DIR / 'cache'}")}
# How many proxies of our own stand before the web process. 0: X-Forwarded-For is typed by anybody and not read.
PROXY_HOPS = env.int("PROXY_HOPS", default=0)

# How long personal data are kept after the last act on a household's cases; `manage.py retention` lists whose has run.
RETENTION_YEARS = env.int("RETENTION_YEARS", default=10)

# Log files and login rows are kept so many days: three years by default, never under six months (网络安全法).
LOG_DAYS = env.int("LOG_DAYS", default=1095)
LOG_DIR = VAR_DIR / "log"

UPLOAD_LIMIT = 20 * 1024 * 1024
FILE_UPLOAD_HANDLERS = [
    "django.core.files.uploadhandler.MemoryFileUploadHandler",
    "registry.upload_limits.CutFile",
]
DATA_UPLOAD_MAX_MEMORY_SIZE = 25 * 1024 * 1024
DATA_UPLOAD_MAX_NUMBER_FIELDS = 20_000

EMAIL_BACKEND = env.str("EMAIL_BACKEND", default="django.core.mail.backends.filebased.EmailBackend")
EMAIL_FILE_PATH = VAR_DIR / "mail"
DEFAULT_FROM_EMAIL = env.str("DEFAULT_FROM_EMAIL", default="noreply@localhost")
EMAIL_HOST = env.str("EMAIL_HOST", default="localhost")
EMAIL_PORT = env.int("EMAIL_PORT", default=25)
EMAIL_HOST_USER = env.str("EMAIL_HOST_USER", default="")
EMAIL_HOST_PASSWORD = env.str("EMAIL_HOST_PASSWORD", default="")
EMAIL_USE_TLS = env.bool("EMAIL_USE_TLS", default=False)
EMAIL_TIMEOUT = 10
MAIL_DOMAIN = DEFAULT_FROM_EMAIL.rpartition("@")[2] or "localhost"

# Short messages through an HTTP gateway; without an address households get a slip instead.
SMS_URL = env.str("SMS_URL", default="")
SMS_KEY_ID = env.str("SMS_KEY_ID", default="")
SMS_SECRET = env.str("SMS_SECRET", default="")
# How many messages a channel takes in one round (each half minute).
CHANNEL_LIMITS = {
    "email": env.int("EMAIL_PER_ROUND", default=200),
    "sms": env.int("SMS_PER_ROUND", default=50),
}

# A message is only a wake-up call; the row in the database is the task. So: late acknowledgement, one message
# at a time, short tasks, no results kept, no ETA.
BROKER_DIR = VAR_DIR / "broker"
CELERY_BROKER_URL = env.str("CELERY_BROKER_URL", default="filesystem://localhost")
CELERY_TASK_DEFAULT_QUEUE = env.str("CELERY_QUEUE", default="approval")
CELERY_TASK_SERIALIZER = "json"
CELERY_ACCEPT_CONTENT = ["json"]
CELERY_TASK_IGNORE_RESULT = True
CELERY_TASK_ACKS_LATE = True
CELERY_TASK_REJECT_ON_WORKER_LOST = True
CELERY_TASK_TIME_LIMIT = 60
CELERY_TASK_SOFT_TIME_LIMIT = 50
CELERY_WORKER_PREFETCH_MULTIPLIER = 1
CELERY_WORKER_SEND_TASK_EVENTS = False
CELERY_WORKER_HIJACK_ROOT_LOGGER = False
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
CELERY_TIMEZONE = "Asia/Shanghai"
# A web request must not wait for a broker that is away; the sweep finds the row.
CELERY_BROKER_CONNECTION_TIMEOUT = 1
CELERY_BROKER_TRANSPORT_OPTIONS: dict[str, object] = {}
if CELERY_BROKER_URL.startswith("filesystem://"):
    # kombu deletes a message on reading and opens the exchange file before it locks it: one worker with
    # --pool solo, the folder made anew at each start (`manage.py reset_broker`), sweeps that never need it.
    CELERY_BROKER_TRANSPORT_OPTIONS = {
        "data_folder_in": str(BROKER_DIR / "queue"),
        "data_folder_out": str(BROKER_DIR / "queue"),
        "control_folder": str(BROKER_DIR / "control"),
    }
elif CELERY_BROKER_URL.startswith("redis"):
    CELERY_BROKER_TRANSPORT_OPTIONS = {"socket_connect_timeout": 1, "socket_timeout": 5}
SWEEP_SECONDS = env.int("SWEEP_SECONDS", default=60)
DELIVER_SECONDS = env.int("DELIVER_SECONDS", default=30)
# Without "expires": a worker whose clock runs ahead would throw every wake-up away. Those that pile up while no worker
# lives find nothing to do.
CELERY_BEAT_SCHEDULE = {
    "sweep": {"task": "workflow.tasks.sweep", "schedule": float(SWEEP_SECONDS)},
    "deliver": {"task": "notifications.tasks.deliver", "schedule": float(DELIVER_SECONDS)},
    # Each hour; the task itself works once a day. Beat counts from its own start and would lose a daily turn.
    "seals": {"task": "workflow.tasks.look_at_seals", "schedule": 3600.0},
}

SITE_NAME = "到户项目申报审批系统"

# Behind a TLS proxy set HTTPS=1: cookies, HSTS and the redirect follow from it. `check --deploy` wants it.
HTTPS = env.bool("HTTPS", default=False)
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = SECURE_SSL_REDIRECT = HTTPS
SECURE_HSTS_SECONDS = 31_536_000 if HTTPS else 0
SECURE_HSTS_INCLUDE_SUBDOMAINS = SECURE_HSTS_PRELOAD = HTTPS
if HTTPS:
    SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
SESSION_COOKIE_HTTPONLY = CSRF_COOKIE_HTTPONLY = True
if HTTPS:
    # A browser takes these two from this very host only, over TLS only.
    SESSION_COOKIE_NAME, CSRF_COOKIE_NAME = "__Host-sessionid", "__Host-csrftoken"
SESSION_COOKIE_AGE = 10 * 3600
# GB/T 22239 names no number; assessors ask for 15 minutes. The form of an application saves itself meanwhile. Whoever
# follows ASVS (7.3.1: by the risk) keeps half an hour, and so does a demo, where nothing is at stake.
SESSION_IDLE_SECONDS = 60 * env.int("SESSION_IDLE_MINUTES", default=15 if DENGBAO and not DEMO else 30)
# Everything comes from us; no script in a page. Charts set style attributes on their own elements.
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": ["'self'"],
        "script-src": ["'self'"],
        "style-src": ["'self'"],
        "style-src-attr": ["'unsafe-inline'"],
        "img-src": ["'self'", "data:", "blob:"],
        "object-src": ["'none'"],
        "base-uri": ["'none'"],
        "form-action": ["'self'"],
        "frame-ancestors": ["'none'"],
    }
}
X_FRAME_OPTIONS = "DENY"
SECURE_REFERRER_POLICY = "same-origin"

LOG_FORM = "json" if env.bool("LOG_JSON", default=False) else "line"
LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "filters": {
        "traced": {"()": "registry.tracing.Traced"},
        "numberless": {"()": "registry.logfiles.Numberless"},
        "stacks": {"()": "registry.logfiles.StackOfFaults"},
    },
    "formatters": {
        # The id of the request that began it, then Celery's of the task; a dash where there is none.
        "line": {"format": "%(asctime)s %(levelname)s %(name)s [%(trace)s %(task)s] %(message)s"},
        "json": {
            "()": "pythonjsonlogger.json.JsonFormatter",
            "fmt": "%(asctime)s %(levelname)s %(name)s %(trace)s %(task)s %(message)s",
            "json_ensure_ascii": False,
        },
    },
    "handlers": {
        "stderr": {
            "class": "logging.StreamHandler",
            "formatter": LOG_FORM,
            "filters": ["traced", "stacks", "numberless"],
        },
        "file": {
            "class": "registry.logfiles.DailyFile",
            "folder": f"{LOG_DIR}",
            "formatter": LOG_FORM,
            "filters": ["traced", "stacks", "numberless"],
        },
    },
    # Each login writes three lines of it; those of a failure and of a lock are warnings.
    "loggers": {"axes": {"level": "WARNING"}},
    "root": {"handlers": ["stderr", "file"], "level": env.str("LOG_LEVEL", default="INFO")},
}
