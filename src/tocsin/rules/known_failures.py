"""The failures that are known by themselves: the table that a user's own rows stand in front of.

Its texts are those of the programs themselves: Python, Java and Spark, Go, Node, PostgreSQL, MySQL, Oracle,
SQL Server, SQLite, Airflow, shells, Kubernetes, and HTTP services that batch jobs call. What is more special
stands first: that authentication was refused is told before the connection that it came over.
"""

from typing import Final

from tocsin.rules.failure import FailureTable, KnownFailure, table_of
from tocsin.rules.failure_causes import CAUSES

_HTTP: Final = r"\b(http[a-z/_ ]*|status|code|error|response)[\"':= (/0-9.]{0,12}"


def _known(
    name: str,
    *,
    exit_codes: tuple[int, ...] = (),
    signals: tuple[int, ...] = (),
    error_types: tuple[str, ...] = (),
    pattern: str = "",
) -> KnownFailure:
    cause = CAUSES[name]
    return KnownFailure(
        name=name,
        failure_class=cause.failure_class,
        said=cause.said,
        next_step=cause.next_step,
        exit_codes=exit_codes,
        signals=signals,
        error_types=error_types,
        pattern=pattern,
    )


TIMED_OUT: Final = _known("time_out")

KNOWN_FAILURES: Final = (
    _known(
        "out_of_memory",
        error_types=("MemoryError", "OutOfMemoryError", "OOMKilled", "bad_alloc", "OutOfMemoryException"),
    ),
    _known(
        "out_of_memory",
        pattern=(
            r"(?i)\bout of memory\b|\bOutOfMemoryError\b|\bMemoryError\b|OOM-?killed|\boom[-_ ]kill"
            r"|cannot allocate memory|could not allocate memory|unable to allocate [0-9.]+ [KMGT]i?B"
            r"|java heap space"
            r"|gc overhead limit exceeded|heap out of memory|reached heap limit|std::bad_alloc"
            r"|exceed(s|ed|ing) (the )?(physical |virtual )?memory( limits?)?|memory limit exceeded"
            r"|\bENOMEM\b"
            r"|ORA-0403[01]\b|insufficient memory|insufficient system memory"
        ),
    ),
    _known(
        "out_of_memory",
        signals=(9,),
        pattern=r"(?i)\bmemory\b|\boom\b|\bcgroup\b",
    ),
    _known(
        "out_of_disk",
        pattern=(
            r"(?i)no space left on device|\bENOSPC\b|disk quota exceeded|\bEDQUOT\b"
            r"|not enough space on the disk"
            r"|(database or )?\bdisk (is )?full\b|could not extend file"
            r"|could not write to file .{0,200}no space"
            r"|the table '.{0,200}' is full|transaction log for database .{0,200} is full"
            r"|could not allocate space for object|unable to extend (table|index|temp segment|lob)"
            r"|ORA-0165[2-4]\b|ORA-00257\b|ORA-30036\b|low on resource: ephemeral-storage"
            r"|insufficient disk space"
        ),
    ),
    _known(
        "rate_limit",
        pattern=(
            r"(?i)too many requests|rate.?limit(s|ed|ing)?\b|\bthrottl(ed|ing)|\bSlowDown\b"
            r"|reduce your request rate"
            r"|ProvisionedThroughputExceeded|RequestLimitExceeded|quota ?exceeded|\bRESOURCE_EXHAUSTED\b"
            rf"|{_HTTP}429\b"
        ),
    ),
    _known(
        "lock",
        pattern=(
            r"(?i)\bdeadlock|could not serialize access|serialization ?failure|lock wait timeout"
            r"|lock timeout"
            r"|could not obtain lock|lock request time ?out|database is locked|database table is locked"
            r"|ORA-00060\b|ORA-00054\b|could not acquire .{0,40}lock|unable to acquire .{0,40}lock"
            r"|lock file exists"
            r"|ConcurrentAppendException|ConcurrentModificationException: .{0,80}delta"
        ),
    ),
    _known(
        "certificate",
        pattern=(
            r"(?i)certificate (verify failed|has expired|is not trusted|signed by unknown|not yet valid)"
            r"|CERTIFICATE_VERIFY_FAILED|\bx509: |PKIX path|CertPathValidatorException"
            r"|self[- ]signed certificate"
            r"|SSLHandshakeException|Host key verification failed|unable to get local issuer certificate"
        ),
    ),
    _known(
        "authentication",
        error_types=(
            "AuthenticationError",
            "AuthenticationException",
            "NoCredentialsError",
            "InvalidGrantError",
        ),
    ),
    _known(
        "authentication",
        pattern=(
            r"(?i)authentication (failed|failure|required|error)|password authentication failed"
            r"|unauthenticated"
            r"|access denied for user|login failed for user"
            r"|invalid (credentials?|api.?key|access key|username)"
            r"|incorrect (username|password)"
            r"|(token|password|credentials?|session)( has| have| is| are)? expired"
            r"|\bExpiredToken|InvalidClientTokenId|SignatureDoesNotMatch|InvalidAccessKeyId"
            r"|unable to locate credentials"
            r"|could not find default credentials|default credentials were not found|\binvalid_grant\b"
            r"|permission denied \((publickey|password)|ORA-01017\b|ORA-2800[01]\b|no pg_hba\.conf entry"
            r"|unauthori[sz]ed"
            r"|not authenticated|could not read Username|KrbException|GSSException|NOAUTH|WRONGPASS"
            rf"|{_HTTP}401\b"
        ),
    ),
    _known("command_not_found", exit_codes=(127,)),
    _known("not_executable", exit_codes=(126,)),
    _known(
        "permission",
        error_types=("PermissionError", "AccessDeniedException", "AccessControlException", "AccessDenied"),
    ),
    _known(
        "permission",
        pattern=(
            r"(?i)permission denied|access ?denied|operation not permitted|\b(EACCES|EPERM)\b"
            r"|insufficient privileges?"
            r"|(command|permission) (was )?denied (to|on)|\bPERMISSION_DENIED\b|not authorized to"
            r"|is not authorized"
            r"|does not have .{0,60}(permission|privilege|access)|must be owner of|read-only file system"
            r"|\bforbidden\b"
            rf"|ORA-01031\b|{_HTTP}403\b"
        ),
    ),
    _known(
        "dns",
        pattern=(
            r"(?i)name or service not known|temporary failure in name resolution|nodename nor servname"
            r"|could not (resolve|translate) host|couldn'?t resolve host|no such host|\bENOTFOUND\b"
            r"|\bEAI_AGAIN\b"
            r"|UnknownHostException|NameResolutionError|getaddrinfo failed"
            r"|no address associated with hostname"
            r"|server misbehaving|\bNXDOMAIN\b"
        ),
    ),
    _known(
        "unavailable",
        pattern=(
            r"(?i)service (is )?(temporarily )?unavailable|temporarily unavailable|bad gateway"
            r"|internal ?server ?error"
            r"|too many (connections|clients)|remaining connection slots|connection pool (is )?exhausted"
            r"|database system is (starting up|shutting down|in recovery mode)|ORA-00020\b|ORA-0103[34]\b"
            r"|ORA-12516\b"
            r"|server is (too )?(busy|overloaded)|name ?node is in safe ?mode|leader not available"
            r"|no leader"
            r"|QueuePool limit of size"
            rf"|{_HTTP}50[023]\b"
        ),
    ),
    _known(
        "connection",
        error_types=(
            "ConnectionError",
            "ConnectionRefusedError",
            "ConnectionResetError",
            "ConnectionAbortedError",
            "BrokenPipeError",
            "ConnectException",
            "NoRouteToHostException",
        ),
    ),
    _known(
        "connection",
        pattern=(
            r"(?i)connection (was |has been |is |unexpectedly )*(refused|reset|aborted|closed|lost|failed)"
            r"|connection (was |has been )?(terminated|broken)"
            r"|connection (attempt )?timed out|connect(ion)? time(d )?-?out"
            r"|\bECONN(REFUSED|RESET|ABORTED)\b|\bEPIPE\b"
            r"|lost connection to|server has gone away|can'?t connect to|cannot connect to"
            r"|could not connect to"
            r"|failed to connect to|unable to connect to|broken pipe|socket hang up|no route to host"
            r"|network is unreachable|host is (down|unreachable)|EHOSTUNREACH|ENETUNREACH|unexpected EOF"
            r"|connection dropped"
            r"|closed the connection|remote end closed|peer closed|terminating connection"
            r"|ORA-03(113|114|135)\b|ORA-12541\b"
            r"|incomplete ?read|max retries exceeded with url|transport endpoint is not connected"
        ),
    ),
    _known(
        "time_out",
        error_types=(
            "TimeoutError",
            "TimeoutException",
            "TimeoutExpired",
            "SocketTimeoutException",
            "ReadTimeout",
            "AirflowTaskTimeout",
            "AirflowSensorTimeout",
            "timeout",
        ),
    ),
    _known(
        "time_out",
        pattern=(
            r"(?i)timed[ -]out|\btime-?out(s)? (exceeded|expired|reached|after|of|error|while|waiting)"
            r"|\bETIMEDOUT\b"
            r"|deadline ?exceeded|statement timeout|i/o timeout|gateway time-?out|AirflowTaskTimeout"
            r"|ORA-1(2170|2535)\b"
            r"|active longer than specified deadline|execution time limit|exceeded the time limit"
            r"|due to time limit"
            rf"|\bTimeoutError\b|{_HTTP}504\b|{_HTTP}408\b"
        ),
    ),
    _known("time_out", exit_codes=(124,)),
    _known(
        "worker_lost",
        pattern=(
            r"(?i)ExecutorLostFailure|FetchFailed|executor lost|lost executor"
            r"|remote rpc client disassociated"
            r"|\bevicted\b|preempt(ed|ion)|spot (instance|interruption|termination)"
            r"|node (was )?(lost|not ready|shutdown)"
            r"|NodeLost|detected zombie job|WorkerLostError|worker exited prematurely|worker (was )?lost"
            r"|pod (was )?deleted"
            r"|container (was )?(killed|released) on request|BrokenProcessPool"
        ),
    ),
    _known("interrupted", signals=(1, 2, 3, 15)),
    _known(
        "interrupted",
        pattern=(
            r"(?i)KeyboardInterrupt|received (signal )?SIG(TERM|INT|HUP)|negsignal\.SIGTERM"
            r"|due to user request"
            r"|InterruptedException|cancel(l)?ed by (the )?user|ended by SIG(TERM|INT|HUP)"
            r"|execution was interrupted"
        ),
    ),
    _known(
        "command_not_found",
        pattern=(
            r"(?i)command not found|executable file not found|: not found$"
            r"|is not recognized as an internal or external"
        ),
    ),
    _known(
        "missing_module",
        pattern=(
            r"(?i)\b(ModuleNotFoundError|ImportError|ClassNotFoundException|NoClassDefFoundError|NoSuchMethodError)\b"
            r"|no module named|cannot find module|cannot import name|error while loading shared libraries"
            r"|could not find or load main class|cannot open shared object file|is not a loadable module"
        ),
    ),
    _known(
        "missing_table",
        pattern=(
            r"(?i)\b(relation|table|view|schema|database|keyspace|dataset|catalog) .{1,200} "
            r"(does not exist|doesn'?t exist|not found)"
            r"|no such table|unknown (table|database)|table or view (not found|does not exist)"
            r"|UndefinedTable"
            r"|TABLE_OR_VIEW_NOT_FOUND|invalid object name|ORA-00942\b|not found: (table|dataset)"
            r"|NoSuchTableException"
        ),
    ),
    _known(
        "schema",
        pattern=(
            r"(?i)column .{1,200} (does not exist|doesn'?t exist|not found|cannot be resolved)"
            r"|unknown column|no such column"
            r"|invalid column name|UndefinedColumn|UNRESOLVED_COLUMN"
            r"|cannot resolve .{1,200} given input columns"
            r"|ORA-00904\b|schema (mismatch|does not match|validation|evolution|conflict)"
            r"|unsupported schema|SchemaError"
            r"|column count|(unexpected|missing|extra) (required )?column|usecols do not match"
            r"|data ?type mismatch|DatatypeMismatch"
            r"|value too long for type|data too long for column|would be truncated|cannot cast"
            r"|incompatible types?"
        ),
    ),
    _known(
        "missing_file",
        pattern=(
            r"(?i)\b(FileNotFoundError|FileNotFoundException|NoSuchFileException|NotADirectoryError)\b"
            r"|no such file or directory"
            r"|\bENOENT\b|\bNoSuchKey\b|\bNoSuchBucket\b|PATH_NOT_FOUND|path does not exist"
            r"|file does not exist|file not found"
            r"|input path does not exist|cannot find the (file|path) specified"
            r"|unable to open database file|key does not exist"
            rf"|no such object|bucket does not exist|{_HTTP}404\b|404 not found|404 client error"
        ),
    ),
    _known(
        "constraint",
        pattern=(
            r"(?i)duplicate key|duplicate entry|unique constraint|UniqueViolation|IntegrityError"
            r"|violates .{0,40}constraint"
            r"|foreign key constraint|constraint failed|violation of (primary|unique)|ORA-00001\b"
            r"|ORA-0229[12]\b|ORA-01400\b"
            r"|cannot insert null|null value in column|check constraint"
        ),
    ),
    _known(
        "bad_data",
        pattern=(
            r"(?i)\b(JSONDecodeError|UnicodeDecodeError|UnicodeEncodeError|ParserError|ParseError|NumberFormatException)\b"
            r"|(JsonParse|MalformedInput|DateTimeParse|JsonProcessing)Exception"
            r"|unexpected token .{0,80} in JSON"
            r"|unexpected end of JSON|invalid character .{0,40} looking for|not valid JSON"
            r"|could not convert string to"
            r"|invalid literal for|invalid input syntax for"
            r"|incorrect (integer|decimal|datetime|date|string) value|ORA-01722\b"
            r"|ORA-0184[37]\b|malformed|corrupt|error tokenizing data|expected [0-9]+ fields"
            r"|not a parquet file|invalid byte"
            r"|invalid (date|datetime|timestamp|number)|out of range value|numeric field overflow"
            r"|unexpected end of (file|input)"
            r"|BadZipFile|not a gzip|does not match format|time data .{0,80} does not match"
            r"|error converting data type"
            r"|conversion failed|strconv\.\w+: parsing|missing magic"
        ),
    ),
    _known("crash", signals=(4, 6, 7, 8, 11)),
    _known(
        "crash",
        pattern=(
            r"(?i)segmentation fault|core dumped|\bSIG(SEGV|ABRT|BUS|ILL|FPE)\b|access violation"
            r"|illegal instruction"
        ),
    ),
    _known("crash", exit_codes=(3221225477, -1073741819, 3221226505, -1073740791)),
    _known(
        "configuration",
        pattern=(
            r"(?i)(missing|required|undefined) (environment variable|config(uration)?|setting|parameter)"
            r"|environment variable .{1,80} (is )?(not set|required|missing|undefined)|unbound variable"
            r"|ValidationError: .{0,80}settings"
            r"|ConfigurationError|invalid configuration|unrecognized (arguments?|option)|invalid option"
            r"|unknown (flag|option)"
            r"|the following arguments are required"
        ),
    ),
    _known(
        "bug",
        pattern=(
            r"\b(TypeError|AttributeError|NameError|UnboundLocalError|KeyError|IndexError|ZeroDivisionError|AssertionError"
            r"|SyntaxError|IndentationError|RecursionError|NotImplementedError|ValueError"
            r"|NullPointerException"
            r"|ArithmeticException|IndexOutOfBoundsException|ArrayIndexOutOfBoundsException"
            r"|ClassCastException"
            r"|IllegalArgumentException|IllegalStateException|StackOverflowError|ReferenceError|RangeError"
            r"|NoMethodError|MatchError|UnsupportedOperationException)\b"
            r"|(?i:panic: |nil pointer dereference|index out of range|syntax error|error in your SQL syntax"
            r"|cannot read propert|is not a function|is not defined|division by zero|divide by zero"
            r"|ORA-009(00|33|36)\b)"
        ),
    ),
    _known("killed", signals=(9,)),
    _known(
        "killed",
        pattern=r"(?i)negsignal\.SIGKILL|ended by SIGKILL|signal 9\b|^killed$",
    ),
    _known("temporary", exit_codes=(75,)),
    _known("configuration", exit_codes=(78,)),
)

OUR_TABLE: Final[FailureTable] = table_of(KNOWN_FAILURES, timed_out=TIMED_OUT)
