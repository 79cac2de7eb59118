exports.up = (db) => db.addColumn('orders', 'note', { type: 'text' });
exports.down = (db) => db.removeColumn('orders', 'note');
exports._meta = { version: 1 };
