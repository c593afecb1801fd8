// Generated from tools/sqlstate.txt by tools/generate-sqlstate.ts; not edited by hand.
import { named } from '../named.ts';
import { PostgresError, PostgresLogMessage } from '../postgres-error.ts';

// Class 01: Warning

/** 01000, `warning`. */
export class PostgresWarning extends PostgresLogMessage {
  static override readonly sqlstate: string = '01000';
  static {
    named(this, 'PostgresWarning');
  }
  declare readonly sqlstate: `01${string}` | `02${string}`;
}

/** 0100C, `dynamic_result_sets_returned`. */
export class DynamicResultSetsReturned extends PostgresWarning {
  static override readonly sqlstate: string = '0100C';
  static {
    named(this, 'DynamicResultSetsReturned');
  }
  declare readonly sqlstate: '0100C';
}

/** 01008, `implicit_zero_bit_padding`. */
export class ImplicitZeroBitPadding extends PostgresWarning {
  static override readonly sqlstate: string = '01008';
  static {
    named(this, 'ImplicitZeroBitPadding');
  }
  declare readonly sqlstate: '01008';
}

/** 01003, `null_value_eliminated_in_set_function`. */
export class NullValueEliminatedInSetFunction extends PostgresWarning {
  static override readonly sqlstate: string = '01003';
  static {
    named(this, 'NullValueEliminatedInSetFunction');
  }
  declare readonly sqlstate: '01003';
}

/** 01007, `privilege_not_granted`. */
export class PrivilegeNotGranted extends PostgresWarning {
  static override readonly sqlstate: string = '01007';
  static {
    named(this, 'PrivilegeNotGranted');
  }
  declare readonly sqlstate: '01007';
}

/** 01006, `privilege_not_revoked`. */
export class PrivilegeNotRevoked extends PostgresWarning {
  static override readonly sqlstate: string = '01006';
  static {
    named(this, 'PrivilegeNotRevoked');
  }
  declare readonly sqlstate: '01006';
}

/** 01004, `string_data_right_truncation`. */
export class StringDataRightTruncation extends PostgresWarning {
  static override readonly sqlstate: string = '01004';
  static {
    named(this, 'StringDataRightTruncation');
  }
  declare readonly sqlstate: '01004';
}

/** 01P01, `deprecated_feature`. */
export class DeprecatedFeature extends PostgresWarning {
  static override readonly sqlstate: string = '01P01';
  static {
    named(this, 'DeprecatedFeature');
  }
  declare readonly sqlstate: '01P01';
}

// Class 02: No Data (this is also a warning class per the SQL standard)

/** 02000, `no_data`. */
export class NoData extends PostgresWarning {
  static override readonly sqlstate: string = '02000';
  static {
    named(this, 'NoData');
  }
  declare readonly sqlstate: `02${string}`;
}

/** 02001, `no_additional_dynamic_result_sets_returned`. */
export class NoAdditionalDynamicResultSetsReturned extends NoData {
  static override readonly sqlstate: string = '02001';
  static {
    named(this, 'NoAdditionalDynamicResultSetsReturned');
  }
  declare readonly sqlstate: '02001';
}

// Class 03: SQL Statement Not Yet Complete

/** 03000, `sql_statement_not_yet_complete`. */
export class SQLStatementNotYetCompleteError extends PostgresError {
  static override readonly sqlstate: string = '03000';
  static {
    named(this, 'SQLStatementNotYetCompleteError');
  }
  declare readonly sqlstate: `03${string}`;
}

// Class 08: Connection Exception

/** 08000, `connection_exception`. */
export class PostgresConnectionError extends PostgresError {
  static override readonly sqlstate: string = '08000';
  static {
    named(this, 'PostgresConnectionError');
  }
  declare readonly sqlstate: `08${string}`;
}

/** 08003, `connection_does_not_exist`. */
export class ConnectionDoesNotExistError extends PostgresConnectionError {
  static override readonly sqlstate: string = '08003';
  static {
    named(this, 'ConnectionDoesNotExistError');
  }
  declare readonly sqlstate: '08003';
}

/** 08006, `connection_failure`. */
export class ConnectionFailureError extends PostgresConnectionError {
  static override readonly sqlstate: string = '08006';
  static {
    named(this, 'ConnectionFailureError');
  }
  declare readonly sqlstate: '08006';
}

/** 08001, `sqlclient_unable_to_establish_sqlconnection`. */
export class ClientCannotConnectError extends PostgresConnectionError {
  static override readonly sqlstate: string = '08001';
  static {
    named(this, 'ClientCannotConnectError');
  }
  declare readonly sqlstate: '08001';
}

/** 08004, `sqlserver_rejected_establishment_of_sqlconnection`. */
export class ConnectionRejectionError extends PostgresConnectionError {
  static override readonly sqlstate: string = '08004';
  static {
    named(this, 'ConnectionRejectionError');
  }
  declare readonly sqlstate: '08004';
}

/** 08007, `transaction_resolution_unknown`. */
export class TransactionResolutionUnknownError extends PostgresConnectionError {
  static override readonly sqlstate: string = '08007';
  static {
    named(this, 'TransactionResolutionUnknownError');
  }
  declare readonly sqlstate: '08007';
}

/** 08P01, `protocol_violation`. */
export class ProtocolViolationError extends PostgresConnectionError {
  static override readonly sqlstate: string = '08P01';
  static {
    named(this, 'ProtocolViolationError');
  }
  declare readonly sqlstate: '08P01';
}

// Class 09: Triggered Action Exception

/** 09000, `triggered_action_exception`. */
export class TriggeredActionError extends PostgresError {
  static override readonly sqlstate: string = '09000';
  static {
    named(this, 'TriggeredActionError');
  }
  declare readonly sqlstate: `09${string}`;
}

// Class 0A: Feature Not Supported

/** 0A000, `feature_not_supported`. */
export class FeatureNotSupportedError extends PostgresError {
  static override readonly sqlstate: string = '0A000';
  static {
    named(this, 'FeatureNotSupportedError');
  }
  declare readonly sqlstate: `0A${string}`;
}

/**
 * 0A000 as raised for "cached plan must not change result type": a table or type changed after
 * the statement was prepared. Prepared anew, the statement works.
 */
export class InvalidCachedStatementError extends FeatureNotSupportedError {
  static {
    named(this, 'InvalidCachedStatementError');
  }
  declare readonly sqlstate: '0A000';
}

// Class 0B: Invalid Transaction Initiation

/** 0B000, `invalid_transaction_initiation`. */
export class InvalidTransactionInitiationError extends PostgresError {
  static override readonly sqlstate: string = '0B000';
  static {
    named(this, 'InvalidTransactionInitiationError');
  }
  declare readonly sqlstate: `0B${string}`;
}

// Class 0F: Locator Exception

/** 0F000, `locator_exception`. */
export class LocatorError extends PostgresError {
  static override readonly sqlstate: string = '0F000';
  static {
    named(this, 'LocatorError');
  }
  declare readonly sqlstate: `0F${string}`;
}

/** 0F001, `invalid_locator_specification`. */
export class InvalidLocatorSpecificationError extends LocatorError {
  static override readonly sqlstate: string = '0F001';
  static {
    named(this, 'InvalidLocatorSpecificationError');
  }
  declare readonly sqlstate: '0F001';
}

// Class 0L: Invalid Grantor

/** 0L000, `invalid_grantor`. */
export class InvalidGrantorError extends PostgresError {
  static override readonly sqlstate: string = '0L000';
  static {
    named(this, 'InvalidGrantorError');
  }
  declare readonly sqlstate: `0L${string}`;
}

/** 0LP01, `invalid_grant_operation`. */
export class InvalidGrantOperationError extends InvalidGrantorError {
  static override readonly sqlstate: string = '0LP01';
  static {
    named(this, 'InvalidGrantOperationError');
  }
  declare readonly sqlstate: '0LP01';
}

// Class 0P: Invalid Role Specification

/** 0P000, `invalid_role_specification`. */
export class InvalidRoleSpecificationError extends PostgresError {
  static override readonly sqlstate: string = '0P000';
  static {
    named(this, 'InvalidRoleSpecificationError');
  }
  declare readonly sqlstate: `0P${string}`;
}

// Class 0Z: Diagnostics Exception

/** 0Z000, `diagnostics_exception`. */
export class DiagnosticsError extends PostgresError {
  static override readonly sqlstate: string = '0Z000';
  static {
    named(this, 'DiagnosticsError');
  }
  declare readonly sqlstate: `0Z${string}`;
}

/** 0Z002, `stacked_diagnostics_accessed_without_active_handler`. */
export class StackedDiagnosticsAccessedWithoutActiveHandlerError extends DiagnosticsError {
  static override readonly sqlstate: string = '0Z002';
  static {
    named(this, 'StackedDiagnosticsAccessedWithoutActiveHandlerError');
  }
  declare readonly sqlstate: '0Z002';
}

// Class 10: XQuery Error

/** 10608, `invalid_argument_for_xquery`. */
export class InvalidArgumentForXqueryError extends PostgresError {
  static override readonly sqlstate: string = '10608';
  static {
    named(this, 'InvalidArgumentForXqueryError');
  }
  declare readonly sqlstate: '10608';
}

// Class 20: Case Not Found

/** 20000, `case_not_found`. */
export class CaseNotFoundError extends PostgresError {
  static override readonly sqlstate: string = '20000';
  static {
    named(this, 'CaseNotFoundError');
  }
  declare readonly sqlstate: `20${string}`;
}

// Class 21: Cardinality Violation

/** 21000, `cardinality_violation`. */
export class CardinalityViolationError extends PostgresError {
  static override readonly sqlstate: string = '21000';
  static {
    named(this, 'CardinalityViolationError');
  }
  declare readonly sqlstate: `21${string}`;
}

// Class 22: Data Exception

/** 22000, `data_exception`. */
export class DataError extends PostgresError {
  static override readonly sqlstate: string = '22000';
  static {
    named(this, 'DataError');
  }
  declare readonly sqlstate: `22${string}`;
}

/** 2202E, `array_subscript_error`. */
export class ArraySubscriptError extends DataError {
  static override readonly sqlstate: string = '2202E';
  static {
    named(this, 'ArraySubscriptError');
  }
  declare readonly sqlstate: '2202E';
}

/** 22021, `character_not_in_repertoire`. */
export class CharacterNotInRepertoireError extends DataError {
  static override readonly sqlstate: string = '22021';
  static {
    named(this, 'CharacterNotInRepertoireError');
  }
  declare readonly sqlstate: '22021';
}

/** 22008, `datetime_field_overflow`. */
export class DatetimeFieldOverflowError extends DataError {
  static override readonly sqlstate: string = '22008';
  static {
    named(this, 'DatetimeFieldOverflowError');
  }
  declare readonly sqlstate: '22008';
}

/** 22012, `division_by_zero`. */
export class DivisionByZeroError extends DataError {
  static override readonly sqlstate: string = '22012';
  static {
    named(this, 'DivisionByZeroError');
  }
  declare readonly sqlstate: '22012';
}

/** 22005, `error_in_assignment`. */
export class ErrorInAssignmentError extends DataError {
  static override readonly sqlstate: string = '22005';
  static {
    named(this, 'ErrorInAssignmentError');
  }
  declare readonly sqlstate: '22005';
}

/** 2200B, `escape_character_conflict`. */
export class EscapeCharacterConflictError extends DataError {
  static override readonly sqlstate: string = '2200B';
  static {
    named(this, 'EscapeCharacterConflictError');
  }
  declare readonly sqlstate: '2200B';
}

/** 22022, `indicator_overflow`. */
export class IndicatorOverflowError extends DataError {
  static override readonly sqlstate: string = '22022';
  static {
    named(this, 'IndicatorOverflowError');
  }
  declare readonly sqlstate: '22022';
}

/** 22015, `interval_field_overflow`. */
export class IntervalFieldOverflowError extends DataError {
  static override readonly sqlstate: string = '22015';
  static {
    named(this, 'IntervalFieldOverflowError');
  }
  declare readonly sqlstate: '22015';
}

/** 2201E, `invalid_argument_for_logarithm`. */
export class InvalidArgumentForLogarithmError extends DataError {
  static override readonly sqlstate: string = '2201E';
  static {
    named(this, 'InvalidArgumentForLogarithmError');
  }
  declare readonly sqlstate: '2201E';
}

/** 22014, `invalid_argument_for_ntile_function`. */
export class InvalidArgumentForNtileFunctionError extends DataError {
  static override readonly sqlstate: string = '22014';
  static {
    named(this, 'InvalidArgumentForNtileFunctionError');
  }
  declare readonly sqlstate: '22014';
}

/** 22016, `invalid_argument_for_nth_value_function`. */
export class InvalidArgumentForNthValueFunctionError extends DataError {
  static override readonly sqlstate: string = '22016';
  static {
    named(this, 'InvalidArgumentForNthValueFunctionError');
  }
  declare readonly sqlstate: '22016';
}

/** 2201F, `invalid_argument_for_power_function`. */
export class InvalidArgumentForPowerFunctionError extends DataError {
  static override readonly sqlstate: string = '2201F';
  static {
    named(this, 'InvalidArgumentForPowerFunctionError');
  }
  declare readonly sqlstate: '2201F';
}

/** 2201G, `invalid_argument_for_width_bucket_function`. */
export class InvalidArgumentForWidthBucketFunctionError extends DataError {
  static override readonly sqlstate: string = '2201G';
  static {
    named(this, 'InvalidArgumentForWidthBucketFunctionError');
  }
  declare readonly sqlstate: '2201G';
}

/** 22018, `invalid_character_value_for_cast`. */
export class InvalidCharacterValueForCastError extends DataError {
  static override readonly sqlstate: string = '22018';
  static {
    named(this, 'InvalidCharacterValueForCastError');
  }
  declare readonly sqlstate: '22018';
}

/** 22007, `invalid_datetime_format`. */
export class InvalidDatetimeFormatError extends DataError {
  static override readonly sqlstate: string = '22007';
  static {
    named(this, 'InvalidDatetimeFormatError');
  }
  declare readonly sqlstate: '22007';
}

/** 22019, `invalid_escape_character`. */
export class InvalidEscapeCharacterError extends DataError {
  static override readonly sqlstate: string = '22019';
  static {
    named(this, 'InvalidEscapeCharacterError');
  }
  declare readonly sqlstate: '22019';
}

/** 2200D, `invalid_escape_octet`. */
export class InvalidEscapeOctetError extends DataError {
  static override readonly sqlstate: string = '2200D';
  static {
    named(this, 'InvalidEscapeOctetError');
  }
  declare readonly sqlstate: '2200D';
}

/** 22025, `invalid_escape_sequence`. */
export class InvalidEscapeSequenceError extends DataError {
  static override readonly sqlstate: string = '22025';
  static {
    named(this, 'InvalidEscapeSequenceError');
  }
  declare readonly sqlstate: '22025';
}

/** 22P06, `nonstandard_use_of_escape_character`. */
export class NonstandardUseOfEscapeCharacterError extends DataError {
  static override readonly sqlstate: string = '22P06';
  static {
    named(this, 'NonstandardUseOfEscapeCharacterError');
  }
  declare readonly sqlstate: '22P06';
}

/** 22010, `invalid_indicator_parameter_value`. */
export class InvalidIndicatorParameterValueError extends DataError {
  static override readonly sqlstate: string = '22010';
  static {
    named(this, 'InvalidIndicatorParameterValueError');
  }
  declare readonly sqlstate: '22010';
}

/** 22023, `invalid_parameter_value`. */
export class InvalidParameterValueError extends DataError {
  static override readonly sqlstate: string = '22023';
  static {
    named(this, 'InvalidParameterValueError');
  }
  declare readonly sqlstate: '22023';
}

/** 22013, `invalid_preceding_or_following_size`. */
export class InvalidPrecedingOrFollowingSizeError extends DataError {
  static override readonly sqlstate: string = '22013';
  static {
    named(this, 'InvalidPrecedingOrFollowingSizeError');
  }
  declare readonly sqlstate: '22013';
}

/** 2201B, `invalid_regular_expression`. */
export class InvalidRegularExpressionError extends DataError {
  static override readonly sqlstate: string = '2201B';
  static {
    named(this, 'InvalidRegularExpressionError');
  }
  declare readonly sqlstate: '2201B';
}

/** 2201W, `invalid_row_count_in_limit_clause`. */
export class InvalidRowCountInLimitClauseError extends DataError {
  static override readonly sqlstate: string = '2201W';
  static {
    named(this, 'InvalidRowCountInLimitClauseError');
  }
  declare readonly sqlstate: '2201W';
}

/** 2201X, `invalid_row_count_in_result_offset_clause`. */
export class InvalidRowCountInResultOffsetClauseError extends DataError {
  static override readonly sqlstate: string = '2201X';
  static {
    named(this, 'InvalidRowCountInResultOffsetClauseError');
  }
  declare readonly sqlstate: '2201X';
}

/** 2202H, `invalid_tablesample_argument`. */
export class InvalidTablesampleArgumentError extends DataError {
  static override readonly sqlstate: string = '2202H';
  static {
    named(this, 'InvalidTablesampleArgumentError');
  }
  declare readonly sqlstate: '2202H';
}

/** 2202G, `invalid_tablesample_repeat`. */
export class InvalidTablesampleRepeatError extends DataError {
  static override readonly sqlstate: string = '2202G';
  static {
    named(this, 'InvalidTablesampleRepeatError');
  }
  declare readonly sqlstate: '2202G';
}

/** 22009, `invalid_time_zone_displacement_value`. */
export class InvalidTimeZoneDisplacementValueError extends DataError {
  static override readonly sqlstate: string = '22009';
  static {
    named(this, 'InvalidTimeZoneDisplacementValueError');
  }
  declare readonly sqlstate: '22009';
}

/** 2200C, `invalid_use_of_escape_character`. */
export class InvalidUseOfEscapeCharacterError extends DataError {
  static override readonly sqlstate: string = '2200C';
  static {
    named(this, 'InvalidUseOfEscapeCharacterError');
  }
  declare readonly sqlstate: '2200C';
}

/** 2200G, `most_specific_type_mismatch`. */
export class MostSpecificTypeMismatchError extends DataError {
  static override readonly sqlstate: string = '2200G';
  static {
    named(this, 'MostSpecificTypeMismatchError');
  }
  declare readonly sqlstate: '2200G';
}

/** 22004, `null_value_not_allowed`. */
export class NullValueNotAllowedError extends DataError {
  static override readonly sqlstate: string = '22004';
  static {
    named(this, 'NullValueNotAllowedError');
  }
  declare readonly sqlstate: '22004';
}

/** 22002, `null_value_no_indicator_parameter`. */
export class NullValueNoIndicatorParameterError extends DataError {
  static override readonly sqlstate: string = '22002';
  static {
    named(this, 'NullValueNoIndicatorParameterError');
  }
  declare readonly sqlstate: '22002';
}

/** 22003, `numeric_value_out_of_range`. */
export class NumericValueOutOfRangeError extends DataError {
  static override readonly sqlstate: string = '22003';
  static {
    named(this, 'NumericValueOutOfRangeError');
  }
  declare readonly sqlstate: '22003';
}

/** 2200H, `sequence_generator_limit_exceeded`. */
export class SequenceGeneratorLimitExceededError extends DataError {
  static override readonly sqlstate: string = '2200H';
  static {
    named(this, 'SequenceGeneratorLimitExceededError');
  }
  declare readonly sqlstate: '2200H';
}

/** 22026, `string_data_length_mismatch`. */
export class StringDataLengthMismatchError extends DataError {
  static override readonly sqlstate: string = '22026';
  static {
    named(this, 'StringDataLengthMismatchError');
  }
  declare readonly sqlstate: '22026';
}

/** 22001, `string_data_right_truncation`. */
export class StringDataRightTruncationError extends DataError {
  static override readonly sqlstate: string = '22001';
  static {
    named(this, 'StringDataRightTruncationError');
  }
  declare readonly sqlstate: '22001';
}

/** 22011, `substring_error`. */
export class SubstringError extends DataError {
  static override readonly sqlstate: string = '22011';
  static {
    named(this, 'SubstringError');
  }
  declare readonly sqlstate: '22011';
}

/** 22027, `trim_error`. */
export class TrimError extends DataError {
  static override readonly sqlstate: string = '22027';
  static {
    named(this, 'TrimError');
  }
  declare readonly sqlstate: '22027';
}

/** 22024, `unterminated_c_string`. */
export class UnterminatedCStringError extends DataError {
  static override readonly sqlstate: string = '22024';
  static {
    named(this, 'UnterminatedCStringError');
  }
  declare readonly sqlstate: '22024';
}

/** 2200F, `zero_length_character_string`. */
export class ZeroLengthCharacterStringError extends DataError {
  static override readonly sqlstate: string = '2200F';
  static {
    named(this, 'ZeroLengthCharacterStringError');
  }
  declare readonly sqlstate: '2200F';
}

/** 22P01, `floating_point_exception`. */
export class PostgresFloatingPointError extends DataError {
  static override readonly sqlstate: string = '22P01';
  static {
    named(this, 'PostgresFloatingPointError');
  }
  declare readonly sqlstate: '22P01';
}

/** 22P02, `invalid_text_representation`. */
export class InvalidTextRepresentationError extends DataError {
  static override readonly sqlstate: string = '22P02';
  static {
    named(this, 'InvalidTextRepresentationError');
  }
  declare readonly sqlstate: '22P02';
}

/** 22P03, `invalid_binary_representation`. */
export class InvalidBinaryRepresentationError extends DataError {
  static override readonly sqlstate: string = '22P03';
  static {
    named(this, 'InvalidBinaryRepresentationError');
  }
  declare readonly sqlstate: '22P03';
}

/** 22P04, `bad_copy_file_format`. */
export class BadCopyFileFormatError extends DataError {
  static override readonly sqlstate: string = '22P04';
  static {
    named(this, 'BadCopyFileFormatError');
  }
  declare readonly sqlstate: '22P04';
}

/** 22P05, `untranslatable_character`. */
export class UntranslatableCharacterError extends DataError {
  static override readonly sqlstate: string = '22P05';
  static {
    named(this, 'UntranslatableCharacterError');
  }
  declare readonly sqlstate: '22P05';
}

/** 2200L, `not_an_xml_document`. */
export class NotAnXmlDocumentError extends DataError {
  static override readonly sqlstate: string = '2200L';
  static {
    named(this, 'NotAnXmlDocumentError');
  }
  declare readonly sqlstate: '2200L';
}

/** 2200M, `invalid_xml_document`. */
export class InvalidXmlDocumentError extends DataError {
  static override readonly sqlstate: string = '2200M';
  static {
    named(this, 'InvalidXmlDocumentError');
  }
  declare readonly sqlstate: '2200M';
}

/** 2200N, `invalid_xml_content`. */
export class InvalidXmlContentError extends DataError {
  static override readonly sqlstate: string = '2200N';
  static {
    named(this, 'InvalidXmlContentError');
  }
  declare readonly sqlstate: '2200N';
}

/** 2200S, `invalid_xml_comment`. */
export class InvalidXmlCommentError extends DataError {
  static override readonly sqlstate: string = '2200S';
  static {
    named(this, 'InvalidXmlCommentError');
  }
  declare readonly sqlstate: '2200S';
}

/** 2200T, `invalid_xml_processing_instruction`. */
export class InvalidXmlProcessingInstructionError extends DataError {
  static override readonly sqlstate: string = '2200T';
  static {
    named(this, 'InvalidXmlProcessingInstructionError');
  }
  declare readonly sqlstate: '2200T';
}

/** 22030, `duplicate_json_object_key_value`. */
export class DuplicateJsonObjectKeyValueError extends DataError {
  static override readonly sqlstate: string = '22030';
  static {
    named(this, 'DuplicateJsonObjectKeyValueError');
  }
  declare readonly sqlstate: '22030';
}

/** 22031, `invalid_argument_for_sql_json_datetime_function`. */
export class InvalidArgumentForSQLJsonDatetimeFunctionError extends DataError {
  static override readonly sqlstate: string = '22031';
  static {
    named(this, 'InvalidArgumentForSQLJsonDatetimeFunctionError');
  }
  declare readonly sqlstate: '22031';
}

/** 22032, `invalid_json_text`. */
export class InvalidJsonTextError extends DataError {
  static override readonly sqlstate: string = '22032';
  static {
    named(this, 'InvalidJsonTextError');
  }
  declare readonly sqlstate: '22032';
}

/** 22033, `invalid_sql_json_subscript`. */
export class InvalidSQLJsonSubscriptError extends DataError {
  static override readonly sqlstate: string = '22033';
  static {
    named(this, 'InvalidSQLJsonSubscriptError');
  }
  declare readonly sqlstate: '22033';
}

/** 22034, `more_than_one_sql_json_item`. */
export class MoreThanOneSQLJsonItemError extends DataError {
  static override readonly sqlstate: string = '22034';
  static {
    named(this, 'MoreThanOneSQLJsonItemError');
  }
  declare readonly sqlstate: '22034';
}

/** 22035, `no_sql_json_item`. */
export class NoSQLJsonItemError extends DataError {
  static override readonly sqlstate: string = '22035';
  static {
    named(this, 'NoSQLJsonItemError');
  }
  declare readonly sqlstate: '22035';
}

/** 22036, `non_numeric_sql_json_item`. */
export class NonNumericSQLJsonItemError extends DataError {
  static override readonly sqlstate: string = '22036';
  static {
    named(this, 'NonNumericSQLJsonItemError');
  }
  declare readonly sqlstate: '22036';
}

/** 22037, `non_unique_keys_in_a_json_object`. */
export class NonUniqueKeysInAJsonObjectError extends DataError {
  static override readonly sqlstate: string = '22037';
  static {
    named(this, 'NonUniqueKeysInAJsonObjectError');
  }
  declare readonly sqlstate: '22037';
}

/** 22038, `singleton_sql_json_item_required`. */
export class SingletonSQLJsonItemRequiredError extends DataError {
  static override readonly sqlstate: string = '22038';
  static {
    named(this, 'SingletonSQLJsonItemRequiredError');
  }
  declare readonly sqlstate: '22038';
}

/** 22039, `sql_json_array_not_found`. */
export class SQLJsonArrayNotFoundError extends DataError {
  static override readonly sqlstate: string = '22039';
  static {
    named(this, 'SQLJsonArrayNotFoundError');
  }
  declare readonly sqlstate: '22039';
}

/** 2203A, `sql_json_member_not_found`. */
export class SQLJsonMemberNotFoundError extends DataError {
  static override readonly sqlstate: string = '2203A';
  static {
    named(this, 'SQLJsonMemberNotFoundError');
  }
  declare readonly sqlstate: '2203A';
}

/** 2203B, `sql_json_number_not_found`. */
export class SQLJsonNumberNotFoundError extends DataError {
  static override readonly sqlstate: string = '2203B';
  static {
    named(this, 'SQLJsonNumberNotFoundError');
  }
  declare readonly sqlstate: '2203B';
}

/** 2203C, `sql_json_object_not_found`. */
export class SQLJsonObjectNotFoundError extends DataError {
  static override readonly sqlstate: string = '2203C';
  static {
    named(this, 'SQLJsonObjectNotFoundError');
  }
  declare readonly sqlstate: '2203C';
}

/** 2203D, `too_many_json_array_elements`. */
export class TooManyJsonArrayElementsError extends DataError {
  static override readonly sqlstate: string = '2203D';
  static {
    named(this, 'TooManyJsonArrayElementsError');
  }
  declare readonly sqlstate: '2203D';
}

/** 2203E, `too_many_json_object_members`. */
export class TooManyJsonObjectMembersError extends DataError {
  static override readonly sqlstate: string = '2203E';
  static {
    named(this, 'TooManyJsonObjectMembersError');
  }
  declare readonly sqlstate: '2203E';
}

/** 2203F, `sql_json_scalar_required`. */
export class SQLJsonScalarRequiredError extends DataError {
  static override readonly sqlstate: string = '2203F';
  static {
    named(this, 'SQLJsonScalarRequiredError');
  }
  declare readonly sqlstate: '2203F';
}

/** 2203G, `sql_json_item_cannot_be_cast_to_target_type`. */
export class SQLJsonItemCannotBeCastToTargetTypeError extends DataError {
  static override readonly sqlstate: string = '2203G';
  static {
    named(this, 'SQLJsonItemCannotBeCastToTargetTypeError');
  }
  declare readonly sqlstate: '2203G';
}

// Class 23: Integrity Constraint Violation

/** 23000, `integrity_constraint_violation`. */
export class IntegrityConstraintViolationError extends PostgresError {
  static override readonly sqlstate: string = '23000';
  static {
    named(this, 'IntegrityConstraintViolationError');
  }
  declare readonly sqlstate: `23${string}`;
}

/** 23001, `restrict_violation`. */
export class RestrictViolationError extends IntegrityConstraintViolationError {
  static override readonly sqlstate: string = '23001';
  static {
    named(this, 'RestrictViolationError');
  }
  declare readonly sqlstate: '23001';
}

/** 23502, `not_null_violation`. */
export class NotNullViolationError extends IntegrityConstraintViolationError {
  static override readonly sqlstate: string = '23502';
  static {
    named(this, 'NotNullViolationError');
  }
  declare readonly sqlstate: '23502';
}

/** 23503, `foreign_key_violation`. */
export class ForeignKeyViolationError extends IntegrityConstraintViolationError {
  static override readonly sqlstate: string = '23503';
  static {
    named(this, 'ForeignKeyViolationError');
  }
  declare readonly sqlstate: '23503';
}

/** 23505, `unique_violation`. */
export class UniqueViolationError extends IntegrityConstraintViolationError {
  static override readonly sqlstate: string = '23505';
  static {
    named(this, 'UniqueViolationError');
  }
  declare readonly sqlstate: '23505';
}

/** 23514, `check_violation`. */
export class CheckViolationError extends IntegrityConstraintViolationError {
  static override readonly sqlstate: string = '23514';
  static {
    named(this, 'CheckViolationError');
  }
  declare readonly sqlstate: '23514';
}

/** 23P01, `exclusion_violation`. */
export class ExclusionViolationError extends IntegrityConstraintViolationError {
  static override readonly sqlstate: string = '23P01';
  static {
    named(this, 'ExclusionViolationError');
  }
  declare readonly sqlstate: '23P01';
}

// Class 24: Invalid Cursor State

/** 24000, `invalid_cursor_state`. */
export class InvalidCursorStateError extends PostgresError {
  static override readonly sqlstate: string = '24000';
  static {
    named(this, 'InvalidCursorStateError');
  }
  declare readonly sqlstate: `24${string}`;
}

// Class 25: Invalid Transaction State

/** 25000, `invalid_transaction_state`. */
export class InvalidTransactionStateError extends PostgresError {
  static override readonly sqlstate: string = '25000';
  static {
    named(this, 'InvalidTransactionStateError');
  }
  declare readonly sqlstate: `25${string}`;
}

/** 25001, `active_sql_transaction`. */
export class ActiveSQLTransactionError extends InvalidTransactionStateError {
  static override readonly sqlstate: string = '25001';
  static {
    named(this, 'ActiveSQLTransactionError');
  }
  declare readonly sqlstate: '25001';
}

/** 25002, `branch_transaction_already_active`. */
export class BranchTransactionAlreadyActiveError extends InvalidTransactionStateError {
  static override readonly sqlstate: string = '25002';
  static {
    named(this, 'BranchTransactionAlreadyActiveError');
  }
  declare readonly sqlstate: '25002';
}

/** 25008, `held_cursor_requires_same_isolation_level`. */
export class HeldCursorRequiresSameIsolationLevelError extends InvalidTransactionStateError {
  static override readonly sqlstate: string = '25008';
  static {
    named(this, 'HeldCursorRequiresSameIsolationLevelError');
  }
  declare readonly sqlstate: '25008';
}

/** 25003, `inappropriate_access_mode_for_branch_transaction`. */
export class InappropriateAccessModeForBranchTransactionError extends InvalidTransactionStateError {
  static override readonly sqlstate: string = '25003';
  static {
    named(this, 'InappropriateAccessModeForBranchTransactionError');
  }
  declare readonly sqlstate: '25003';
}

/** 25004, `inappropriate_isolation_level_for_branch_transaction`. */
export class InappropriateIsolationLevelForBranchTransactionError extends InvalidTransactionStateError {
  static override readonly sqlstate: string = '25004';
  static {
    named(this, 'InappropriateIsolationLevelForBranchTransactionError');
  }
  declare readonly sqlstate: '25004';
}

/** 25005, `no_active_sql_transaction_for_branch_transaction`. */
export class NoActiveSQLTransactionForBranchTransactionError extends InvalidTransactionStateError {
  static override readonly sqlstate: string = '25005';
  static {
    named(this, 'NoActiveSQLTransactionForBranchTransactionError');
  }
  declare readonly sqlstate: '25005';
}

/** 25006, `read_only_sql_transaction`. */
export class ReadOnlySQLTransactionError extends InvalidTransactionStateError {
  static override readonly sqlstate: string = '25006';
  static {
    named(this, 'ReadOnlySQLTransactionError');
  }
  declare readonly sqlstate: '25006';
}

/** 25007, `schema_and_data_statement_mixing_not_supported`. */
export class SchemaAndDataStatementMixingNotSupportedError extends InvalidTransactionStateError {
  static override readonly sqlstate: string = '25007';
  static {
    named(this, 'SchemaAndDataStatementMixingNotSupportedError');
  }
  declare readonly sqlstate: '25007';
}

/** 25P01, `no_active_sql_transaction`. */
export class NoActiveSQLTransactionError extends InvalidTransactionStateError {
  static override readonly sqlstate: string = '25P01';
  static {
    named(this, 'NoActiveSQLTransactionError');
  }
  declare readonly sqlstate: '25P01';
}

/** 25P02, `in_failed_sql_transaction`. */
export class InFailedSQLTransactionError extends InvalidTransactionStateError {
  static override readonly sqlstate: string = '25P02';
  static {
    named(this, 'InFailedSQLTransactionError');
  }
  declare readonly sqlstate: '25P02';
}

/** 25P03, `idle_in_transaction_session_timeout`. */
export class IdleInTransactionSessionTimeoutError extends InvalidTransactionStateError {
  static override readonly sqlstate: string = '25P03';
  static {
    named(this, 'IdleInTransactionSessionTimeoutError');
  }
  declare readonly sqlstate: '25P03';
}

/** 25P04, `transaction_timeout`. */
export class TransactionTimeoutError extends InvalidTransactionStateError {
  static override readonly sqlstate: string = '25P04';
  static {
    named(this, 'TransactionTimeoutError');
  }
  declare readonly sqlstate: '25P04';
}

// Class 26: Invalid SQL Statement Name

/** 26000, `invalid_sql_statement_name`. */
export class InvalidSQLStatementNameError extends PostgresError {
  static override readonly sqlstate: string = '26000';
  static {
    named(this, 'InvalidSQLStatementNameError');
  }
  declare readonly sqlstate: `26${string}`;
}

// Class 27: Triggered Data Change Violation

/** 27000, `triggered_data_change_violation`. */
export class TriggeredDataChangeViolationError extends PostgresError {
  static override readonly sqlstate: string = '27000';
  static {
    named(this, 'TriggeredDataChangeViolationError');
  }
  declare readonly sqlstate: `27${string}`;
}

// Class 28: Invalid Authorization Specification

/** 28000, `invalid_authorization_specification`. */
export class InvalidAuthorizationSpecificationError extends PostgresError {
  static override readonly sqlstate: string = '28000';
  static {
    named(this, 'InvalidAuthorizationSpecificationError');
  }
  declare readonly sqlstate: `28${string}`;
}

/** 28P01, `invalid_password`. */
export class InvalidPasswordError extends InvalidAuthorizationSpecificationError {
  static override readonly sqlstate: string = '28P01';
  static {
    named(this, 'InvalidPasswordError');
  }
  declare readonly sqlstate: '28P01';
}

// Class 2B: Dependent Privilege Descriptors Still Exist

/** 2B000, `dependent_privilege_descriptors_still_exist`. */
export class DependentPrivilegeDescriptorsStillExistError extends PostgresError {
  static override readonly sqlstate: string = '2B000';
  static {
    named(this, 'DependentPrivilegeDescriptorsStillExistError');
  }
  declare readonly sqlstate: `2B${string}`;
}

/** 2BP01, `dependent_objects_still_exist`. */
export class DependentObjectsStillExistError extends DependentPrivilegeDescriptorsStillExistError {
  static override readonly sqlstate: string = '2BP01';
  static {
    named(this, 'DependentObjectsStillExistError');
  }
  declare readonly sqlstate: '2BP01';
}

// Class 2D: Invalid Transaction Termination

/** 2D000, `invalid_transaction_termination`. */
export class InvalidTransactionTerminationError extends PostgresError {
  static override readonly sqlstate: string = '2D000';
  static {
    named(this, 'InvalidTransactionTerminationError');
  }
  declare readonly sqlstate: `2D${string}`;
}

// Class 2F: SQL Routine Exception

/** 2F000, `sql_routine_exception`. */
export class SQLRoutineError extends PostgresError {
  static override readonly sqlstate: string = '2F000';
  static {
    named(this, 'SQLRoutineError');
  }
  declare readonly sqlstate: `2F${string}`;
}

/** 2F005, `function_executed_no_return_statement`. */
export class FunctionExecutedNoReturnStatementError extends SQLRoutineError {
  static override readonly sqlstate: string = '2F005';
  static {
    named(this, 'FunctionExecutedNoReturnStatementError');
  }
  declare readonly sqlstate: '2F005';
}

/** 2F002, `modifying_sql_data_not_permitted`. */
export class ModifyingSQLDataNotPermittedError extends SQLRoutineError {
  static override readonly sqlstate: string = '2F002';
  static {
    named(this, 'ModifyingSQLDataNotPermittedError');
  }
  declare readonly sqlstate: '2F002';
}

/** 2F003, `prohibited_sql_statement_attempted`. */
export class ProhibitedSQLStatementAttemptedError extends SQLRoutineError {
  static override readonly sqlstate: string = '2F003';
  static {
    named(this, 'ProhibitedSQLStatementAttemptedError');
  }
  declare readonly sqlstate: '2F003';
}

/** 2F004, `reading_sql_data_not_permitted`. */
export class ReadingSQLDataNotPermittedError extends SQLRoutineError {
  static override readonly sqlstate: string = '2F004';
  static {
    named(this, 'ReadingSQLDataNotPermittedError');
  }
  declare readonly sqlstate: '2F004';
}

// Class 34: Invalid Cursor Name

/** 34000, `invalid_cursor_name`. */
export class InvalidCursorNameError extends PostgresError {
  static override readonly sqlstate: string = '34000';
  static {
    named(this, 'InvalidCursorNameError');
  }
  declare readonly sqlstate: `34${string}`;
}

// Class 38: External Routine Exception

/** 38000, `external_routine_exception`. */
export class ExternalRoutineError extends PostgresError {
  static override readonly sqlstate: string = '38000';
  static {
    named(this, 'ExternalRoutineError');
  }
  declare readonly sqlstate: `38${string}`;
}

/** 38001, `containing_sql_not_permitted`. */
export class ContainingSQLNotPermittedError extends ExternalRoutineError {
  static override readonly sqlstate: string = '38001';
  static {
    named(this, 'ContainingSQLNotPermittedError');
  }
  declare readonly sqlstate: '38001';
}

/** 38002, `modifying_sql_data_not_permitted`. */
export class ModifyingExternalRoutineSQLDataNotPermittedError extends ExternalRoutineError {
  static override readonly sqlstate: string = '38002';
  static {
    named(this, 'ModifyingExternalRoutineSQLDataNotPermittedError');
  }
  declare readonly sqlstate: '38002';
}

/** 38003, `prohibited_sql_statement_attempted`. */
export class ProhibitedExternalRoutineSQLStatementAttemptedError extends ExternalRoutineError {
  static override readonly sqlstate: string = '38003';
  static {
    named(this, 'ProhibitedExternalRoutineSQLStatementAttemptedError');
  }
  declare readonly sqlstate: '38003';
}

/** 38004, `reading_sql_data_not_permitted`. */
export class ReadingExternalRoutineSQLDataNotPermittedError extends ExternalRoutineError {
  static override readonly sqlstate: string = '38004';
  static {
    named(this, 'ReadingExternalRoutineSQLDataNotPermittedError');
  }
  declare readonly sqlstate: '38004';
}

// Class 39: External Routine Invocation Exception

/** 39000, `external_routine_invocation_exception`. */
export class ExternalRoutineInvocationError extends PostgresError {
  static override readonly sqlstate: string = '39000';
  static {
    named(this, 'ExternalRoutineInvocationError');
  }
  declare readonly sqlstate: `39${string}`;
}

/** 39001, `invalid_sqlstate_returned`. */
export class InvalidSqlstateReturnedError extends ExternalRoutineInvocationError {
  static override readonly sqlstate: string = '39001';
  static {
    named(this, 'InvalidSqlstateReturnedError');
  }
  declare readonly sqlstate: '39001';
}

/** 39004, `null_value_not_allowed`. */
export class NullValueInExternalRoutineNotAllowedError extends ExternalRoutineInvocationError {
  static override readonly sqlstate: string = '39004';
  static {
    named(this, 'NullValueInExternalRoutineNotAllowedError');
  }
  declare readonly sqlstate: '39004';
}

/** 39P01, `trigger_protocol_violated`. */
export class TriggerProtocolViolatedError extends ExternalRoutineInvocationError {
  static override readonly sqlstate: string = '39P01';
  static {
    named(this, 'TriggerProtocolViolatedError');
  }
  declare readonly sqlstate: '39P01';
}

/** 39P02, `srf_protocol_violated`. */
export class SrfProtocolViolatedError extends ExternalRoutineInvocationError {
  static override readonly sqlstate: string = '39P02';
  static {
    named(this, 'SrfProtocolViolatedError');
  }
  declare readonly sqlstate: '39P02';
}

/** 39P03, `event_trigger_protocol_violated`. */
export class EventTriggerProtocolViolatedError extends ExternalRoutineInvocationError {
  static override readonly sqlstate: string = '39P03';
  static {
    named(this, 'EventTriggerProtocolViolatedError');
  }
  declare readonly sqlstate: '39P03';
}

// Class 3B: Savepoint Exception

/** 3B000, `savepoint_exception`. */
export class SavepointError extends PostgresError {
  static override readonly sqlstate: string = '3B000';
  static {
    named(this, 'SavepointError');
  }
  declare readonly sqlstate: `3B${string}`;
}

/** 3B001, `invalid_savepoint_specification`. */
export class InvalidSavepointSpecificationError extends SavepointError {
  static override readonly sqlstate: string = '3B001';
  static {
    named(this, 'InvalidSavepointSpecificationError');
  }
  declare readonly sqlstate: '3B001';
}

// Class 3D: Invalid Catalog Name

/** 3D000, `invalid_catalog_name`. */
export class InvalidCatalogNameError extends PostgresError {
  static override readonly sqlstate: string = '3D000';
  static {
    named(this, 'InvalidCatalogNameError');
  }
  declare readonly sqlstate: `3D${string}`;
}

// Class 3F: Invalid Schema Name

/** 3F000, `invalid_schema_name`. */
export class InvalidSchemaNameError extends PostgresError {
  static override readonly sqlstate: string = '3F000';
  static {
    named(this, 'InvalidSchemaNameError');
  }
  declare readonly sqlstate: `3F${string}`;
}

// Class 40: Transaction Rollback

/** 40000, `transaction_rollback`. */
export class TransactionRollbackError extends PostgresError {
  static override readonly sqlstate: string = '40000';
  static {
    named(this, 'TransactionRollbackError');
  }
  declare readonly sqlstate: `40${string}`;
}

/** 40002, `transaction_integrity_constraint_violation`. */
export class TransactionIntegrityConstraintViolationError extends TransactionRollbackError {
  static override readonly sqlstate: string = '40002';
  static {
    named(this, 'TransactionIntegrityConstraintViolationError');
  }
  declare readonly sqlstate: '40002';
}

/** 40001, `serialization_failure`. */
export class SerializationError extends TransactionRollbackError {
  static override readonly sqlstate: string = '40001';
  static {
    named(this, 'SerializationError');
  }
  declare readonly sqlstate: '40001';
}

/** 40003, `statement_completion_unknown`. */
export class StatementCompletionUnknownError extends TransactionRollbackError {
  static override readonly sqlstate: string = '40003';
  static {
    named(this, 'StatementCompletionUnknownError');
  }
  declare readonly sqlstate: '40003';
}

/** 40P01, `deadlock_detected`. */
export class DeadlockDetectedError extends TransactionRollbackError {
  static override readonly sqlstate: string = '40P01';
  static {
    named(this, 'DeadlockDetectedError');
  }
  declare readonly sqlstate: '40P01';
}

// Class 42: Syntax Error or Access Rule Violation

/** 42000, `syntax_error_or_access_rule_violation`. */
export class SyntaxOrAccessError extends PostgresError {
  static override readonly sqlstate: string = '42000';
  static {
    named(this, 'SyntaxOrAccessError');
  }
  declare readonly sqlstate: `42${string}`;
}

/** 42601, `syntax_error`. */
export class PostgresSyntaxError extends SyntaxOrAccessError {
  static override readonly sqlstate: string = '42601';
  static {
    named(this, 'PostgresSyntaxError');
  }
  declare readonly sqlstate: '42601';
}

/** 42501, `insufficient_privilege`. */
export class InsufficientPrivilegeError extends SyntaxOrAccessError {
  static override readonly sqlstate: string = '42501';
  static {
    named(this, 'InsufficientPrivilegeError');
  }
  declare readonly sqlstate: '42501';
}

/** 42846, `cannot_coerce`. */
export class CannotCoerceError extends SyntaxOrAccessError {
  static override readonly sqlstate: string = '42846';
  static {
    named(this, 'CannotCoerceError');
  }
  declare readonly sqlstate: '42846';
}

/** 42803, `grouping_error`. */
export class GroupingError extends SyntaxOrAccessError {
  static override readonly sqlstate: string = '42803';
  static {
    named(this, 'GroupingError');
  }
  declare readonly sqlstate: '42803';
}

/** 42P20, `windowing_error`. */
export class WindowingError extends SyntaxOrAccessError {
  static override readonly sqlstate: string = '42P20';
  static {
    named(this, 'WindowingError');
  }
  declare readonly sqlstate: '42P20';
}

/** 42P19, `invalid_recursion`. */
export class InvalidRecursionError extends SyntaxOrAccessError {
  static override readonly sqlstate: string = '42P19';
  static {
    named(this, 'InvalidRecursionError');
  }
  declare readonly sqlstate: '42P19';
}

/** 42830, `invalid_foreign_key`. */
export class InvalidForeignKeyError extends SyntaxOrAccessError {
  static override readonly sqlstate: string = '42830';
  static {
    named(this, 'InvalidForeignKeyError');
  }
  declare readonly sqlstate: '42830';
}

/** 42602, `invalid_name`. */
export class InvalidNameError extends SyntaxOrAccessError {
  static override readonly sqlstate: string = '42602';
  static {
    named(this, 'InvalidNameError');
  }
  declare readonly sqlstate: '42602';
}

/** 42622, `name_too_long`. */
export class NameTooLongError extends SyntaxOrAccessError {
  static override readonly sqlstate: string = '42622';
  static {
    named(this, 'NameTooLongError');
  }
  declare readonly sqlstate: '42622';
}

/** 42939, `reserved_name`. */
export class ReservedNameError extends SyntaxOrAccessError {
  static override readonly sqlstate: string = '42939';
  static {
    named(this, 'ReservedNameError');
  }
  declare readonly sqlstate: '42939';
}

/** 42804, `datatype_mismatch`. */
export class DatatypeMismatchError extends SyntaxOrAccessError {
  static override readonly sqlstate: string = '42804';
  static {
    named(this, 'DatatypeMismatchError');
  }
  declare readonly sqlstate: '42804';
}

/** 42P18, `indeterminate_datatype`. */
export class IndeterminateDatatypeError extends SyntaxOrAccessError {
  static override readonly sqlstate: string = '42P18';
  static {
    named(this, 'IndeterminateDatatypeError');
  }
  declare readonly sqlstate: '42P18';
}

/** 42P21, `collation_mismatch`. */
export class CollationMismatchError extends SyntaxOrAccessError {
  static override readonly sqlstate: string = '42P21';
  static {
    named(this, 'CollationMismatchError');
  }
  declare readonly sqlstate: '42P21';
}

/** 42P22, `indeterminate_collation`. */
export class IndeterminateCollationError extends SyntaxOrAccessError {
  static override readonly sqlstate: string = '42P22';
  static {
    named(this, 'IndeterminateCollationError');
  }
  declare readonly sqlstate: '42P22';
}

/** 42809, `wrong_object_type`. */
export class WrongObjectTypeError extends SyntaxOrAccessError {
  static override readonly sqlstate: string = '42809';
  static {
    named(this, 'WrongObjectTypeError');
  }
  declare readonly sqlstate: '42809';
}

/** 428C9, `generated_always`. */
export class GeneratedAlwaysError extends SyntaxOrAccessError {
  static override readonly sqlstate: string = '428C9';
  static {
    named(this, 'GeneratedAlwaysError');
  }
  declare readonly sqlstate: '428C9';
}

/** 42703, `undefined_column`. */
export class UndefinedColumnError extends SyntaxOrAccessError {
  static override readonly sqlstate: string = '42703';
  static {
    named(this, 'UndefinedColumnError');
  }
  declare readonly sqlstate: '42703';
}

/** 42883, `undefined_function`. */
export class UndefinedFunctionError extends SyntaxOrAccessError {
  static override readonly sqlstate: string = '42883';
  static {
    named(this, 'UndefinedFunctionError');
  }
  declare readonly sqlstate: '42883';
}

/** 42P01, `undefined_table`. */
export class UndefinedTableError extends SyntaxOrAccessError {
  static override readonly sqlstate: string = '42P01';
  static {
    named(this, 'UndefinedTableError');
  }
  declare readonly sqlstate: '42P01';
}

/** 42P02, `undefined_parameter`. */
export class UndefinedParameterError extends SyntaxOrAccessError {
  static override readonly sqlstate: string = '42P02';
  static {
    named(this, 'UndefinedParameterError');
  }
  declare readonly sqlstate: '42P02';
}

/** 42704, `undefined_object`. */
export class UndefinedObjectError extends SyntaxOrAccessError {
  static override readonly sqlstate: string = '42704';
  static {
    named(this, 'UndefinedObjectError');
  }
  declare readonly sqlstate: '42704';
}

/** 42701, `duplicate_column`. */
export class DuplicateColumnError extends SyntaxOrAccessError {
  static override readonly sqlstate: string = '42701';
  static {
    named(this, 'DuplicateColumnError');
  }
  declare readonly sqlstate: '42701';
}

/** 42P03, `duplicate_cursor`. */
export class DuplicateCursorError extends SyntaxOrAccessError {
  static override readonly sqlstate: string = '42P03';
  static {
    named(this, 'DuplicateCursorError');
  }
  declare readonly sqlstate: '42P03';
}

/** 42P04, `duplicate_database`. */
export class DuplicateDatabaseError extends SyntaxOrAccessError {
  static override readonly sqlstate: string = '42P04';
  static {
    named(this, 'DuplicateDatabaseError');
  }
  declare readonly sqlstate: '42P04';
}

/** 42723, `duplicate_function`. */
export class DuplicateFunctionError extends SyntaxOrAccessError {
  static override readonly sqlstate: string = '42723';
  static {
    named(this, 'DuplicateFunctionError');
  }
  declare readonly sqlstate: '42723';
}

/** 42P05, `duplicate_prepared_statement`. */
export class DuplicatePreparedStatementError extends SyntaxOrAccessError {
  static override readonly sqlstate: string = '42P05';
  static {
    named(this, 'DuplicatePreparedStatementError');
  }
  declare readonly sqlstate: '42P05';
}

/** 42P06, `duplicate_schema`. */
export class DuplicateSchemaError extends SyntaxOrAccessError {
  static override readonly sqlstate: string = '42P06';
  static {
    named(this, 'DuplicateSchemaError');
  }
  declare readonly sqlstate: '42P06';
}

/** 42P07, `duplicate_table`. */
export class DuplicateTableError extends SyntaxOrAccessError {
  static override readonly sqlstate: string = '42P07';
  static {
    named(this, 'DuplicateTableError');
  }
  declare readonly sqlstate: '42P07';
}

/** 42712, `duplicate_alias`. */
export class DuplicateAliasError extends SyntaxOrAccessError {
  static override readonly sqlstate: string = '42712';
  static {
    named(this, 'DuplicateAliasError');
  }
  declare readonly sqlstate: '42712';
}

/** 42710, `duplicate_object`. */
export class DuplicateObjectError extends SyntaxOrAccessError {
  static override readonly sqlstate: string = '42710';
  static {
    named(this, 'DuplicateObjectError');
  }
  declare readonly sqlstate: '42710';
}

/** 42702, `ambiguous_column`. */
export class AmbiguousColumnError extends SyntaxOrAccessError {
  static override readonly sqlstate: string = '42702';
  static {
    named(this, 'AmbiguousColumnError');
  }
  declare readonly sqlstate: '42702';
}

/** 42725, `ambiguous_function`. */
export class AmbiguousFunctionError extends SyntaxOrAccessError {
  static override readonly sqlstate: string = '42725';
  static {
    named(this, 'AmbiguousFunctionError');
  }
  declare readonly sqlstate: '42725';
}

/** 42P08, `ambiguous_parameter`. */
export class AmbiguousParameterError extends SyntaxOrAccessError {
  static override readonly sqlstate: string = '42P08';
  static {
    named(this, 'AmbiguousParameterError');
  }
  declare readonly sqlstate: '42P08';
}

/** 42P09, `ambiguous_alias`. */
export class AmbiguousAliasError extends SyntaxOrAccessError {
  static override readonly sqlstate: string = '42P09';
  static {
    named(this, 'AmbiguousAliasError');
  }
  declare readonly sqlstate: '42P09';
}

/** 42P10, `invalid_column_reference`. */
export class InvalidColumnReferenceError extends SyntaxOrAccessError {
  static override readonly sqlstate: string = '42P10';
  static {
    named(this, 'InvalidColumnReferenceError');
  }
  declare readonly sqlstate: '42P10';
}

/** 42611, `invalid_column_definition`. */
export class InvalidColumnDefinitionError extends SyntaxOrAccessError {
  static override readonly sqlstate: string = '42611';
  static {
    named(this, 'InvalidColumnDefinitionError');
  }
  declare readonly sqlstate: '42611';
}

/** 42P11, `invalid_cursor_definition`. */
export class InvalidCursorDefinitionError extends SyntaxOrAccessError {
  static override readonly sqlstate: string = '42P11';
  static {
    named(this, 'InvalidCursorDefinitionError');
  }
  declare readonly sqlstate: '42P11';
}

/** 42P12, `invalid_database_definition`. */
export class InvalidDatabaseDefinitionError extends SyntaxOrAccessError {
  static override readonly sqlstate: string = '42P12';
  static {
    named(this, 'InvalidDatabaseDefinitionError');
  }
  declare readonly sqlstate: '42P12';
}

/** 42P13, `invalid_function_definition`. */
export class InvalidFunctionDefinitionError extends SyntaxOrAccessError {
  static override readonly sqlstate: string = '42P13';
  static {
    named(this, 'InvalidFunctionDefinitionError');
  }
  declare readonly sqlstate: '42P13';
}

/** 42P14, `invalid_prepared_statement_definition`. */
export class InvalidPreparedStatementDefinitionError extends SyntaxOrAccessError {
  static override readonly sqlstate: string = '42P14';
  static {
    named(this, 'InvalidPreparedStatementDefinitionError');
  }
  declare readonly sqlstate: '42P14';
}

/** 42P15, `invalid_schema_definition`. */
export class InvalidSchemaDefinitionError extends SyntaxOrAccessError {
  static override readonly sqlstate: string = '42P15';
  static {
    named(this, 'InvalidSchemaDefinitionError');
  }
  declare readonly sqlstate: '42P15';
}

/** 42P16, `invalid_table_definition`. */
export class InvalidTableDefinitionError extends SyntaxOrAccessError {
  static override readonly sqlstate: string = '42P16';
  static {
    named(this, 'InvalidTableDefinitionError');
  }
  declare readonly sqlstate: '42P16';
}

/** 42P17, `invalid_object_definition`. */
export class InvalidObjectDefinitionError extends SyntaxOrAccessError {
  static override readonly sqlstate: string = '42P17';
  static {
    named(this, 'InvalidObjectDefinitionError');
  }
  declare readonly sqlstate: '42P17';
}

// Class 44: WITH CHECK OPTION Violation

/** 44000, `with_check_option_violation`. */
export class WithCheckOptionViolationError extends PostgresError {
  static override readonly sqlstate: string = '44000';
  static {
    named(this, 'WithCheckOptionViolationError');
  }
  declare readonly sqlstate: `44${string}`;
}

// Class 53: Insufficient Resources

/** 53000, `insufficient_resources`. */
export class InsufficientResourcesError extends PostgresError {
  static override readonly sqlstate: string = '53000';
  static {
    named(this, 'InsufficientResourcesError');
  }
  declare readonly sqlstate: `53${string}`;
}

/** 53100, `disk_full`. */
export class DiskFullError extends InsufficientResourcesError {
  static override readonly sqlstate: string = '53100';
  static {
    named(this, 'DiskFullError');
  }
  declare readonly sqlstate: '53100';
}

/** 53200, `out_of_memory`. */
export class OutOfMemoryError extends InsufficientResourcesError {
  static override readonly sqlstate: string = '53200';
  static {
    named(this, 'OutOfMemoryError');
  }
  declare readonly sqlstate: '53200';
}

/** 53300, `too_many_connections`. */
export class TooManyConnectionsError extends InsufficientResourcesError {
  static override readonly sqlstate: string = '53300';
  static {
    named(this, 'TooManyConnectionsError');
  }
  declare readonly sqlstate: '53300';
}

/** 53400, `configuration_limit_exceeded`. */
export class ConfigurationLimitExceededError extends InsufficientResourcesError {
  static override readonly sqlstate: string = '53400';
  static {
    named(this, 'ConfigurationLimitExceededError');
  }
  declare readonly sqlstate: '53400';
}

// Class 54: Program Limit Exceeded

/** 54000, `program_limit_exceeded`. */
export class ProgramLimitExceededError extends PostgresError {
  static override readonly sqlstate: string = '54000';
  static {
    named(this, 'ProgramLimitExceededError');
  }
  declare readonly sqlstate: `54${string}`;
}

/** 54001, `statement_too_complex`. */
export class StatementTooComplexError extends ProgramLimitExceededError {
  static override readonly sqlstate: string = '54001';
  static {
    named(this, 'StatementTooComplexError');
  }
  declare readonly sqlstate: '54001';
}

/** 54011, `too_many_columns`. */
export class TooManyColumnsError extends ProgramLimitExceededError {
  static override readonly sqlstate: string = '54011';
  static {
    named(this, 'TooManyColumnsError');
  }
  declare readonly sqlstate: '54011';
}

/** 54023, `too_many_arguments`. */
export class TooManyArgumentsError extends ProgramLimitExceededError {
  static override readonly sqlstate: string = '54023';
  static {
    named(this, 'TooManyArgumentsError');
  }
  declare readonly sqlstate: '54023';
}

// Class 55: Object Not In Prerequisite State

/** 55000, `object_not_in_prerequisite_state`. */
export class ObjectNotInPrerequisiteStateError extends PostgresError {
  static override readonly sqlstate: string = '55000';
  static {
    named(this, 'ObjectNotInPrerequisiteStateError');
  }
  declare readonly sqlstate: `55${string}`;
}

/** 55006, `object_in_use`. */
export class ObjectInUseError extends ObjectNotInPrerequisiteStateError {
  static override readonly sqlstate: string = '55006';
  static {
    named(this, 'ObjectInUseError');
  }
  declare readonly sqlstate: '55006';
}

/** 55P02, `cant_change_runtime_param`. */
export class CantChangeRuntimeParamError extends ObjectNotInPrerequisiteStateError {
  static override readonly sqlstate: string = '55P02';
  static {
    named(this, 'CantChangeRuntimeParamError');
  }
  declare readonly sqlstate: '55P02';
}

/** 55P03, `lock_not_available`. */
export class LockNotAvailableError extends ObjectNotInPrerequisiteStateError {
  static override readonly sqlstate: string = '55P03';
  static {
    named(this, 'LockNotAvailableError');
  }
  declare readonly sqlstate: '55P03';
}

/** 55P04, `unsafe_new_enum_value_usage`. */
export class UnsafeNewEnumValueUsageError extends ObjectNotInPrerequisiteStateError {
  static override readonly sqlstate: string = '55P04';
  static {
    named(this, 'UnsafeNewEnumValueUsageError');
  }
  declare readonly sqlstate: '55P04';
}

// Class 57: Operator Intervention

/** 57000, `operator_intervention`. */
export class OperatorInterventionError extends PostgresError {
  static override readonly sqlstate: string = '57000';
  static {
    named(this, 'OperatorInterventionError');
  }
  declare readonly sqlstate: `57${string}`;
}

/** 57014, `query_canceled`. */
export class QueryCanceledError extends OperatorInterventionError {
  static override readonly sqlstate: string = '57014';
  static {
    named(this, 'QueryCanceledError');
  }
  declare readonly sqlstate: '57014';
}

/** 57P01, `admin_shutdown`. */
export class AdminShutdownError extends OperatorInterventionError {
  static override readonly sqlstate: string = '57P01';
  static {
    named(this, 'AdminShutdownError');
  }
  declare readonly sqlstate: '57P01';
}

/** 57P02, `crash_shutdown`. */
export class CrashShutdownError extends OperatorInterventionError {
  static override readonly sqlstate: string = '57P02';
  static {
    named(this, 'CrashShutdownError');
  }
  declare readonly sqlstate: '57P02';
}

/** 57P03, `cannot_connect_now`. */
export class CannotConnectNowError extends OperatorInterventionError {
  static override readonly sqlstate: string = '57P03';
  static {
    named(this, 'CannotConnectNowError');
  }
  declare readonly sqlstate: '57P03';
}

/** 57P04, `database_dropped`. */
export class DatabaseDroppedError extends OperatorInterventionError {
  static override readonly sqlstate: string = '57P04';
  static {
    named(this, 'DatabaseDroppedError');
  }
  declare readonly sqlstate: '57P04';
}

/** 57P05, `idle_session_timeout`. */
export class IdleSessionTimeoutError extends OperatorInterventionError {
  static override readonly sqlstate: string = '57P05';
  static {
    named(this, 'IdleSessionTimeoutError');
  }
  declare readonly sqlstate: '57P05';
}

// Class 58: System Error (errors external to PostgreSQL itself)

/** 58000, `system_error`. */
export class PostgresSystemError extends PostgresError {
  static override readonly sqlstate: string = '58000';
  static {
    named(this, 'PostgresSystemError');
  }
  declare readonly sqlstate: `58${string}`;
}

/** 58030, `io_error`. */
export class PostgresIOError extends PostgresSystemError {
  static override readonly sqlstate: string = '58030';
  static {
    named(this, 'PostgresIOError');
  }
  declare readonly sqlstate: '58030';
}

/** 58P01, `undefined_file`. */
export class UndefinedFileError extends PostgresSystemError {
  static override readonly sqlstate: string = '58P01';
  static {
    named(this, 'UndefinedFileError');
  }
  declare readonly sqlstate: '58P01';
}

/** 58P02, `duplicate_file`. */
export class DuplicateFileError extends PostgresSystemError {
  static override readonly sqlstate: string = '58P02';
  static {
    named(this, 'DuplicateFileError');
  }
  declare readonly sqlstate: '58P02';
}

/** 58P03, `file_name_too_long`. */
export class FileNameTooLongError extends PostgresSystemError {
  static override readonly sqlstate: string = '58P03';
  static {
    named(this, 'FileNameTooLongError');
  }
  declare readonly sqlstate: '58P03';
}

// Class 72: Snapshot Failure

/** 72000, `snapshot_too_old`. */
export class SnapshotTooOldError extends PostgresError {
  static override readonly sqlstate: string = '72000';
  static {
    named(this, 'SnapshotTooOldError');
  }
  declare readonly sqlstate: `72${string}`;
}

// Class F0: Configuration File Error

/** F0000, `config_file_error`. */
export class ConfigFileError extends PostgresError {
  static override readonly sqlstate: string = 'F0000';
  static {
    named(this, 'ConfigFileError');
  }
  declare readonly sqlstate: `F0${string}`;
}

/** F0001, `lock_file_exists`. */
export class LockFileExistsError extends ConfigFileError {
  static override readonly sqlstate: string = 'F0001';
  static {
    named(this, 'LockFileExistsError');
  }
  declare readonly sqlstate: 'F0001';
}

// Class HV: Foreign Data Wrapper Error (SQL/MED)

/** HV000, `fdw_error`. */
export class FDWError extends PostgresError {
  static override readonly sqlstate: string = 'HV000';
  static {
    named(this, 'FDWError');
  }
  declare readonly sqlstate: `HV${string}`;
}

/** HV005, `fdw_column_name_not_found`. */
export class FDWColumnNameNotFoundError extends FDWError {
  static override readonly sqlstate: string = 'HV005';
  static {
    named(this, 'FDWColumnNameNotFoundError');
  }
  declare readonly sqlstate: 'HV005';
}

/** HV002, `fdw_dynamic_parameter_value_needed`. */
export class FDWDynamicParameterValueNeededError extends FDWError {
  static override readonly sqlstate: string = 'HV002';
  static {
    named(this, 'FDWDynamicParameterValueNeededError');
  }
  declare readonly sqlstate: 'HV002';
}

/** HV010, `fdw_function_sequence_error`. */
export class FDWFunctionSequenceError extends FDWError {
  static override readonly sqlstate: string = 'HV010';
  static {
    named(this, 'FDWFunctionSequenceError');
  }
  declare readonly sqlstate: 'HV010';
}

/** HV021, `fdw_inconsistent_descriptor_information`. */
export class FDWInconsistentDescriptorInformationError extends FDWError {
  static override readonly sqlstate: string = 'HV021';
  static {
    named(this, 'FDWInconsistentDescriptorInformationError');
  }
  declare readonly sqlstate: 'HV021';
}

/** HV024, `fdw_invalid_attribute_value`. */
export class FDWInvalidAttributeValueError extends FDWError {
  static override readonly sqlstate: string = 'HV024';
  static {
    named(this, 'FDWInvalidAttributeValueError');
  }
  declare readonly sqlstate: 'HV024';
}

/** HV007, `fdw_invalid_column_name`. */
export class FDWInvalidColumnNameError extends FDWError {
  static override readonly sqlstate: string = 'HV007';
  static {
    named(this, 'FDWInvalidColumnNameError');
  }
  declare readonly sqlstate: 'HV007';
}

/** HV008, `fdw_invalid_column_number`. */
export class FDWInvalidColumnNumberError extends FDWError {
  static override readonly sqlstate: string = 'HV008';
  static {
    named(this, 'FDWInvalidColumnNumberError');
  }
  declare readonly sqlstate: 'HV008';
}

/** HV004, `fdw_invalid_data_type`. */
export class FDWInvalidDataTypeError extends FDWError {
  static override readonly sqlstate: string = 'HV004';
  static {
    named(this, 'FDWInvalidDataTypeError');
  }
  declare readonly sqlstate: 'HV004';
}

/** HV006, `fdw_invalid_data_type_descriptors`. */
export class FDWInvalidDataTypeDescriptorsError extends FDWError {
  static override readonly sqlstate: string = 'HV006';
  static {
    named(this, 'FDWInvalidDataTypeDescriptorsError');
  }
  declare readonly sqlstate: 'HV006';
}

/** HV091, `fdw_invalid_descriptor_field_identifier`. */
export class FDWInvalidDescriptorFieldIdentifierError extends FDWError {
  static override readonly sqlstate: string = 'HV091';
  static {
    named(this, 'FDWInvalidDescriptorFieldIdentifierError');
  }
  declare readonly sqlstate: 'HV091';
}

/** HV00B, `fdw_invalid_handle`. */
export class FDWInvalidHandleError extends FDWError {
  static override readonly sqlstate: string = 'HV00B';
  static {
    named(this, 'FDWInvalidHandleError');
  }
  declare readonly sqlstate: 'HV00B';
}

/** HV00C, `fdw_invalid_option_index`. */
export class FDWInvalidOptionIndexError extends FDWError {
  static override readonly sqlstate: string = 'HV00C';
  static {
    named(this, 'FDWInvalidOptionIndexError');
  }
  declare readonly sqlstate: 'HV00C';
}

/** HV00D, `fdw_invalid_option_name`. */
export class FDWInvalidOptionNameError extends FDWError {
  static override readonly sqlstate: string = 'HV00D';
  static {
    named(this, 'FDWInvalidOptionNameError');
  }
  declare readonly sqlstate: 'HV00D';
}

/** HV090, `fdw_invalid_string_length_or_buffer_length`. */
export class FDWInvalidStringLengthOrBufferLengthError extends FDWError {
  static override readonly sqlstate: string = 'HV090';
  static {
    named(this, 'FDWInvalidStringLengthOrBufferLengthError');
  }
  declare readonly sqlstate: 'HV090';
}

/** HV00A, `fdw_invalid_string_format`. */
export class FDWInvalidStringFormatError extends FDWError {
  static override readonly sqlstate: string = 'HV00A';
  static {
    named(this, 'FDWInvalidStringFormatError');
  }
  declare readonly sqlstate: 'HV00A';
}

/** HV009, `fdw_invalid_use_of_null_pointer`. */
export class FDWInvalidUseOfNullPointerError extends FDWError {
  static override readonly sqlstate: string = 'HV009';
  static {
    named(this, 'FDWInvalidUseOfNullPointerError');
  }
  declare readonly sqlstate: 'HV009';
}

/** HV014, `fdw_too_many_handles`. */
export class FDWTooManyHandlesError extends FDWError {
  static override readonly sqlstate: string = 'HV014';
  static {
    named(this, 'FDWTooManyHandlesError');
  }
  declare readonly sqlstate: 'HV014';
}

/** HV001, `fdw_out_of_memory`. */
export class FDWOutOfMemoryError extends FDWError {
  static override readonly sqlstate: string = 'HV001';
  static {
    named(this, 'FDWOutOfMemoryError');
  }
  declare readonly sqlstate: 'HV001';
}

/** HV00P, `fdw_no_schemas`. */
export class FDWNoSchemasError extends FDWError {
  static override readonly sqlstate: string = 'HV00P';
  static {
    named(this, 'FDWNoSchemasError');
  }
  declare readonly sqlstate: 'HV00P';
}

/** HV00J, `fdw_option_name_not_found`. */
export class FDWOptionNameNotFoundError extends FDWError {
  static override readonly sqlstate: string = 'HV00J';
  static {
    named(this, 'FDWOptionNameNotFoundError');
  }
  declare readonly sqlstate: 'HV00J';
}

/** HV00K, `fdw_reply_handle`. */
export class FDWReplyHandleError extends FDWError {
  static override readonly sqlstate: string = 'HV00K';
  static {
    named(this, 'FDWReplyHandleError');
  }
  declare readonly sqlstate: 'HV00K';
}

/** HV00Q, `fdw_schema_not_found`. */
export class FDWSchemaNotFoundError extends FDWError {
  static override readonly sqlstate: string = 'HV00Q';
  static {
    named(this, 'FDWSchemaNotFoundError');
  }
  declare readonly sqlstate: 'HV00Q';
}

/** HV00R, `fdw_table_not_found`. */
export class FDWTableNotFoundError extends FDWError {
  static override readonly sqlstate: string = 'HV00R';
  static {
    named(this, 'FDWTableNotFoundError');
  }
  declare readonly sqlstate: 'HV00R';
}

/** HV00L, `fdw_unable_to_create_execution`. */
export class FDWUnableToCreateExecutionError extends FDWError {
  static override readonly sqlstate: string = 'HV00L';
  static {
    named(this, 'FDWUnableToCreateExecutionError');
  }
  declare readonly sqlstate: 'HV00L';
}

/** HV00M, `fdw_unable_to_create_reply`. */
export class FDWUnableToCreateReplyError extends FDWError {
  static override readonly sqlstate: string = 'HV00M';
  static {
    named(this, 'FDWUnableToCreateReplyError');
  }
  declare readonly sqlstate: 'HV00M';
}

/** HV00N, `fdw_unable_to_establish_connection`. */
export class FDWUnableToEstablishConnectionError extends FDWError {
  static override readonly sqlstate: string = 'HV00N';
  static {
    named(this, 'FDWUnableToEstablishConnectionError');
  }
  declare readonly sqlstate: 'HV00N';
}

// Class P0: PL/pgSQL Error

/** P0000, `plpgsql_error`. */
export class PLPGSQLError extends PostgresError {
  static override readonly sqlstate: string = 'P0000';
  static {
    named(this, 'PLPGSQLError');
  }
  declare readonly sqlstate: `P0${string}`;
}

/** P0001, `raise_exception`. */
export class RaiseError extends PLPGSQLError {
  static override readonly sqlstate: string = 'P0001';
  static {
    named(this, 'RaiseError');
  }
  declare readonly sqlstate: 'P0001';
}

/** P0002, `no_data_found`. */
export class NoDataFoundError extends PLPGSQLError {
  static override readonly sqlstate: string = 'P0002';
  static {
    named(this, 'NoDataFoundError');
  }
  declare readonly sqlstate: 'P0002';
}

/** P0003, `too_many_rows`. */
export class TooManyRowsError extends PLPGSQLError {
  static override readonly sqlstate: string = 'P0003';
  static {
    named(this, 'TooManyRowsError');
  }
  declare readonly sqlstate: 'P0003';
}

/** P0004, `assert_failure`. */
export class AssertError extends PLPGSQLError {
  static override readonly sqlstate: string = 'P0004';
  static {
    named(this, 'AssertError');
  }
  declare readonly sqlstate: 'P0004';
}

// Class XX: Internal Error

/** XX000, `internal_error`. */
export class InternalServerError extends PostgresError {
  static override readonly sqlstate: string = 'XX000';
  static {
    named(this, 'InternalServerError');
  }
  declare readonly sqlstate: `XX${string}`;
}

/** XX001, `data_corrupted`. */
export class DataCorruptedError extends InternalServerError {
  static override readonly sqlstate: string = 'XX001';
  static {
    named(this, 'DataCorruptedError');
  }
  declare readonly sqlstate: 'XX001';
}

/** XX002, `index_corrupted`. */
export class IndexCorruptedError extends InternalServerError {
  static override readonly sqlstate: string = 'XX002';
  static {
    named(this, 'IndexCorruptedError');
  }
  declare readonly sqlstate: 'XX002';
}
