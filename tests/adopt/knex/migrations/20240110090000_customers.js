exports.up = (knex) =>
  knex.schema.createTable('customers', (table) => {
    table.increments('id');
    table.string('email').notNullable().unique();
    table.timestamps(true, true);
  });

exports.down = (knex) => knex.schema.dropTable('customers');
