package wire

import "net/http"

// Bedrock sends neither trios nor waits. A 429 has one of three messages: too
// many requests, too many tokens, too many tokens per day; the last two do not
// tell a full window from a request that can never pass. Lack of capacity is
// 503. Sources: aws-samples/amazon-bedrock-client-for-mac#99 (a capture);
// docs.aws.amazon.com/bedrock, the errors of InvokeModel.
var bedrock = Dialect{Vendor: "bedrock",
	Routes: []Route{{Converse, "/model/{model}/converse"}, {ConverseStream, "/model/{model}/converse-stream"}},
	path:   "/model/{model}/converse", streamPath: "/model/{model}/converse-stream", ask: converseRequest,
	Headers: Headers{Silent: true, NoWait: true}, requestID: "X-Amzn-Requestid", also: bedrockAlso,
	refuse: bedrockRefuse, body: bedrockBody, unserved: bedrockUnserved}

func bedrockAlso(_ *Answer, status int, h http.Header) {
	if status >= 300 {
		set(h, "X-Amzn-Errortype", bedrockType(status)+":http://internal.amazon.com/coral/com.amazon.bedrock/")
	}
}

func bedrockRefuse(l Limit) int {
	if l == Capacity {
		return http.StatusServiceUnavailable
	}
	return StatusTooManyRequests
}

// bedrockUnserved: Bedrock says 400 and does not repeat the name, as in aws-samples/amazon-bedrock-workshop#315.
func bedrockUnserved(string) (status int, message string) {
	return http.StatusBadRequest, "The provided model identifier is invalid."
}

type bedrockError struct {
	Message string `json:"message"`
}

func bedrockBody(a *Answer, status int) any {
	if status != StatusTooManyRequests {
		return bedrockError{a.text(status)}
	}
	what := "tokens"
	switch {
	case a.Unit == Request:
		what = "requests"
	case a.Per == day:
		what = "tokens per day"
	}
	return bedrockError{"Too many " + what + ", please wait before trying again."}
}

func bedrockType(status int) string {
	switch status {
	case 403:
		return "AccessDeniedException"
	case 404:
		return "ResourceNotFoundException"
	case 408:
		return "ModelTimeoutException"
	case StatusTooManyRequests:
		return "ThrottlingException"
	case 503:
		return "ServiceUnavailableException"
	}
	if status >= 500 {
		return "InternalServerException"
	}
	return "ValidationException"
}

// StreamException returns the type of the exception that ends a stream of Bedrock's where an
// answer in one piece would have that status. Source: docs.aws.amazon.com/bedrock, ConverseStreamOutput.
func StreamException(status int) string {
	switch {
	case status == StatusTooManyRequests:
		return "throttlingException"
	case status == http.StatusInternalServerError:
		return "internalServerException"
	case status == http.StatusServiceUnavailable:
		return "serviceUnavailableException"
	case status < http.StatusInternalServerError && status != http.StatusFailedDependency:
		return "validationException"
	}
	return "modelStreamErrorException"
}
