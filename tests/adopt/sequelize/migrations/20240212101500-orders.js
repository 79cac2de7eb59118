const { DataTypes } = require('sequelize');

module.exports.up = async ({ context }) => {
  await context.createTable('Orders', {
    id: { type: DataTypes.UUID, primaryKey: true, defaultValue: DataTypes.UUIDV4, allowNull: false },
    customerId: {
      type: DataTypes.INTEGER,
      allowNull: false,
      references: { model: 'Customers', key: 'id' },
      onDelete: 'CASCADE',
    },
    status: { type: DataTypes.ENUM('new', 'paid'), allowNull: false, defaultValue: 'new' },
    total: { type: DataTypes.DECIMAL(12, 2), allowNull: false },
  });
  await context.addIndex('Orders', ['customerId']);
};

module.exports.down = ({ context }) => context.dropTable('Orders');
