/** The same browser and server as in the tests, for what is measured instead of tested. */

import tests from "./playwright.config";

export default { ...tests, testMatch: ["*.bench.ts", "*.shots.ts"], use: { ...tests.use, trace: "off" as const } };
