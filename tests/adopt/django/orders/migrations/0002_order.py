import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [migrations.swappable_dependency(settings.AUTH_USER_MODEL), ("orders", "0001_initial")]
    operations = [
        migrations.CreateModel(
            name="Order",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("status", models.CharField(choices=[("new", "New"), ("paid", "Paid")], default="new", max_length=8)),
                ("total", models.DecimalField(decimal_places=2, max_digits=12)),
                ("customer", models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, to=settings.AUTH_USER_MODEL)),
                ("plan", models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, to="orders.plan")),
            ],
        ),
        migrations.AddIndex("order", models.Index(fields=["status", "customer"], name="order_status_customer")),
        migrations.AddConstraint(
            "order", models.CheckConstraint(condition=models.Q(total__gte=0), name="order_total_positive")
        ),
    ]
