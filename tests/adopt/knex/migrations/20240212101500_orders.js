exports.up = (knex) =>
  knex.schema.createTable('orders', (table) => {
    table.bigIncrements('id');
    table.integer('customer_id').notNullable().references('id').inTable('customers').onDelete('CASCADE').index();
    table.enu('status', ['new', 'paid'], { useNative: true, enumName: 'order_status' }).notNullable().defaultTo('new');
    table.enu('channel', ['web', 'shop']);
    table.decimal('total', 12, 2).notNullable();
  });

exports.down = async (knex) => {
  await knex.schema.dropTable('orders');
  await knex.raw('DROP TYPE order_status');
};
