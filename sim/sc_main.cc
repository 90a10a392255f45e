// SPDX-License-Identifier: Apache-2.0
//
// libsystemc holds a main() that calls sc_main(). Programs here have a main() of their own, which
// the linker takes instead; the symbol must exist all the same. A program may define its own.

#include <systemc>

int sc_main(int, char**) { return 0; }
