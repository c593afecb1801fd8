import 'asyncpg';
