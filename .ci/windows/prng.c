/* bcryptprimitives.dll, of which Rust's std needs one function for its random numbers: ProcessPrng. Windows has it; wine 8
 * does not, so that no program of Rust's starts there. This one asks the function that std used before, which wine has.
 * Built by .ci/steps/windows, for wine alone. */
#include <windows.h>

BOOLEAN NTAPI SystemFunction036(PVOID buffer, ULONG length); /* RtlGenRandom */

__declspec(dllexport) BOOL WINAPI ProcessPrng(PBYTE data, SIZE_T length) {
    return SystemFunction036(data, (ULONG)length);
}
