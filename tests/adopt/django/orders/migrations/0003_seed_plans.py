from django.db import migrations


def seed(apps, schema_editor):
    plan = apps.get_model("orders", "Plan")
    plan.objects.create(code="free", title="Free")
    plan.objects.create(code="team", title="It's: for teams")


class Migration(migrations.Migration):
    dependencies = [("orders", "0002_order")]
    operations = [migrations.RunPython(seed, migrations.RunPython.noop)]
