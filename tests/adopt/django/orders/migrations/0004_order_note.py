from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("orders", "0003_seed_plans")]
    operations = [migrations.AddField("order", "note", models.TextField(blank=True, default=""))]
