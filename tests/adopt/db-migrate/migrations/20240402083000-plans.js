exports.up = async (db) => {
  await db.addIndex('orders', 'orders_customer_id', ['customer_id']);
  await db.createTable('plans', { code: { type: 'string', primaryKey: true }, title: { type: 'text', notNull: true } });
  await db.insert('plans', ['code', 'title'], ['free', 'Free']);
  await db.runSql('INSERT INTO plans VALUES (?, ?)', ['team', "It's: for teams"]);
};

exports.down = async (db) => {
  await db.dropTable('plans');
  await db.removeIndex('orders', 'orders_customer_id');
};
exports._meta = { version: 1 };
