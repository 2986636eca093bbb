// Read before every test file, however it is run (bunfig.toml). A test that starts real processes gets room to do so, on a
// busy machine too; none takes anywhere near as long.

import { setDefaultTimeout } from "bun:test";

setDefaultTimeout(60_000);
