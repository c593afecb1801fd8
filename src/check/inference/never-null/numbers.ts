/** Of numbers and money. */
export const OF_NUMBERS = `
PG_encoding_to_char bitfromint4 bitfromint8 btfloat48cmp btfloat4cmp btfloat84cmp btfloat8cmp
btint24cmp btint28cmp btint2cmp btint42cmp btint48cmp btint4cmp btint82cmp btint84cmp btint8cmp
cash_cmp cash_div_cash cash_div_flt4 cash_div_flt8 cash_div_int2 cash_div_int4 cash_div_int8 cash_eq
cash_ge cash_gt cash_le cash_lt cash_mi cash_mul_flt4 cash_mul_flt8 cash_mul_int2 cash_mul_int4
cash_mul_int8 cash_ne cash_numeric cash_pl cash_words cashlarger cashsmaller chr dacos dacosd dacosh
dasin dasind dasinh datan datan2 datan2d datand datanh dcbrt dceil dcos dcosd dcosh dcot dcotd
degrees derf derfc dexp dfloor dgamma dlgamma dlog1 dlog10 dpi dpow drandom drandom_normal dround
dsign dsin dsind dsinh dsqrt dtan dtand dtanh dtof dtoi2 dtoi4 dtoi8 dtrunc float48div float48eq
float48ge float48gt float48le float48lt float48mi float48mul float48ne float48pl float4_numeric
float4_to_char float4abs float4div float4eq float4ge float4gt float4larger float4le float4lt
float4mi float4mul float4ne float4pl float4smaller float4um float4up float84div float84eq float84ge
float84gt float84le float84lt float84mi float84mul float84ne float84pl float8_numeric float8_to_char
float8abs float8div float8eq float8ge float8gt float8larger float8le float8lt float8mi float8mul
float8ne float8pl float8smaller float8um float8up flt4_mul_cash flt8_mul_cash ftod ftoi2 ftoi4 ftoi8
hash_numeric hash_numeric_extended hashfloat4 hashfloat4extended hashfloat8 hashfloat8extended
hashint2 hashint2extended hashint4 hashint4extended hashint8 hashint8extended i2tod i2tof i2toi4
i4tochar i4tod i4tof i4toi2 i8tod i8tof in_range_float4_float8 in_range_float8_float8
in_range_int2_int2 in_range_int2_int4 in_range_int2_int8 in_range_int4_int2 in_range_int4_int4
in_range_int4_int8 in_range_int8_int8 in_range_numeric_numeric int24div int24eq int24ge int24gt
int24le int24lt int24mi int24mul int24ne int24pl int28 int28div int28eq int28ge int28gt int28le
int28lt int28mi int28mul int28ne int28pl int2_bytea int2_mul_cash int2_numeric int2abs int2and
int2div int2eq int2ge int2gt int2larger int2le int2lt int2mi int2mod int2mul int2ne int2not int2or
int2pl int2shl int2shr int2smaller int2um int2up int2xor int42div int42eq int42ge int42gt int42le
int42lt int42mi int42mul int42ne int42pl int48 int48div int48eq int48ge int48gt int48le int48lt
int48mi int48mul int48ne int48pl int4_bool int4_bytea int4_cash int4_mul_cash int4_numeric
int4_to_char int4abs int4and int4div int4eq int4gcd int4ge int4gt int4inc int4larger int4lcm int4le
int4lt int4mi int4mod int4mul int4ne int4not int4or int4pl int4random int4range_subdiff int4shl
int4shr int4smaller int4um int4up int4xor int82 int82div int82eq int82ge int82gt int82le int82lt
int82mi int82mul int82ne int82pl int84 int84div int84eq int84ge int84gt int84le int84lt int84mi
int84mul int84ne int84pl int8_bytea int8_cash int8_mul_cash int8_numeric int8_to_char int8abs
int8and int8dec int8div int8eq int8gcd int8ge int8gt int8inc int8inc_float8_float8 int8larger
int8lcm int8le int8lt int8mi int8mod int8mul int8ne int8not int8or int8pl int8random
int8range_subdiff int8shl int8shr int8smaller int8um int8up int8xor numeric numeric_abs numeric_add
numeric_cash numeric_ceil numeric_cmp numeric_div numeric_div_trunc numeric_eq numeric_exp
numeric_fac numeric_float4 numeric_float8 numeric_floor numeric_gcd numeric_ge numeric_gt
numeric_inc numeric_int2 numeric_int4 numeric_int8 numeric_larger numeric_lcm numeric_le numeric_ln
numeric_log numeric_lt numeric_mod numeric_mul numeric_ne numeric_power numeric_random numeric_round
numeric_sign numeric_smaller numeric_sqrt numeric_sub numeric_to_char numeric_trim_scale
numeric_trunc numeric_uminus numeric_uplus numrange_subdiff radians setseed to_bin32 to_bin64
to_hex32 to_hex64 to_oct32 to_oct64 width_bucket_float8 width_bucket_numeric window_cume_dist
window_dense_rank window_percent_rank window_rank window_row_number
`;
