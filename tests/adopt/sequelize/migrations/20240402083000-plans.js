const { DataTypes } = require('sequelize');

module.exports.up = async ({ context }) => {
  await context.createTable('Plans', {
    code: { type: DataTypes.STRING, primaryKey: true },
    title: { type: DataTypes.TEXT, allowNull: false },
  });
  await context.bulkInsert('Plans', [{ code: 'free', title: 'Free' }, { code: 'team', title: "It's: for teams" }]);
};

module.exports.down = ({ context }) => context.dropTable('Plans');
