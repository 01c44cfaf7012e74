// The engine, the store on a file and the entities of the tests of flow, for deliveries to the simulator.
#include "tests/flow/support/engine.cpp"
#include "tests/flow/support/fake_ehr.cpp"
#include "tests/flow/support/temp_store.cpp"
