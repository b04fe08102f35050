// Messages for the person who runs the program, in the form that the rest of Anywarp gives them. The runtime has its own copy
// because it must stay linkable into any program on its own: it uses neither Anywarp's other parts nor the C++ library.
#pragma once

namespace anywarp::runtime {

enum class MessageKind { Error, Warning, Info };

/// "anywarp: error: text", as one line on stderr, unless ANYWARP_LOG asks for fewer messages. `format` is printf's.
void message(MessageKind kind, const char* format, ...) __attribute__((format(printf, 2, 3)));

/// Whether ANYWARP_TRACE asks for every call to be printed.
bool tracing();

/// One line of the trace, whatever ANYWARP_LOG says.
void trace_line(const char* text);

}  // namespace anywarp::runtime
