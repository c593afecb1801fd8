import Pool from '../index.js';

export default Pool;
