exports.up = (db) =>
  db.createTable('customers', {
    id: { type: 'int', primaryKey: true, autoIncrement: true },
    email: { type: 'string', length: 255, notNull: true, unique: true },
    created_at: { type: 'timestamptz', notNull: true, defaultValue: new String('now()') },
  });

exports.down = (db) => db.dropTable('customers');
exports._meta = { version: 1 };
