from django.db import models


class Order(models.Model):
    customer = models.TextField(db_index=True)
    paid = models.BooleanField(default=False)

    class Meta:
        db_table = "orders"
