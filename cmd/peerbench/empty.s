// This file lets the compiler accept the declaration of ginGetValue, which has
// no body here.
