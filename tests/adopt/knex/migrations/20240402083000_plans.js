exports.up = async (knex) => {
  await knex.schema.createTable('plans', (table) => {
    table.string('code').primary();
    table.text('title').notNullable();
  });
  await knex('plans').insert([{ code: 'free', title: 'Free' }, { code: 'team', title: "It's: for teams" }]);
};

exports.down = (knex) => knex.schema.dropTable('plans');
