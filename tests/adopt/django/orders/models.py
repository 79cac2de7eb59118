from django.conf import settings
from django.db import models


class Plan(models.Model):
    code = models.SlugField(unique=True)
    title = models.CharField(max_length=80)


class Order(models.Model):
    class Status(models.TextChoices):
        NEW = "new"
        PAID = "paid"

    customer = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE)
    plan = models.ForeignKey(Plan, on_delete=models.PROTECT, null=True)
    status = models.CharField(max_length=8, choices=Status.choices, default=Status.NEW)
    total = models.DecimalField(max_digits=12, decimal_places=2)
    note = models.TextField(blank=True, default="")

    class Meta:
        indexes = [models.Index(fields=["status", "customer"], name="order_status_customer")]
        constraints = [models.CheckConstraint(condition=models.Q(total__gte=0), name="order_total_positive")]
